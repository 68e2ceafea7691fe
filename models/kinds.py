"""What a file among pictures and clips is: by its name, else by its content."""

from pathlib import Path
from typing import Literal

Kind = Literal["picture", "video", ""]

# beside the material, and no part of it
# fmt: off
ASIDE = {
    ".bib", ".csv", ".db", ".doc", ".docx", ".gz", ".htm", ".html", ".ini", ".json", ".jsonl",
    ".log", ".m", ".m4a", ".mat", ".md", ".mp3", ".npy", ".npz", ".pdf", ".pickle", ".pkl", ".py",
    ".rtf", ".sh", ".srt", ".sub", ".tar", ".toml", ".tsv", ".txt", ".vtt", ".wav", ".xls",
    ".xlsx", ".xml", ".yaml", ".yml", ".zip",
}
PICTURE = {
    ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
}
VIDEO = {
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc",
    ".m1v", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpe",
    ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob",
    ".webm", ".wmv", ".y4m",
}
# fmt: on
STILL = {"apng", "gif", "image2", "tty"}  # formats that PyAV opens, and that are no video


def is_hidden(path: Path) -> bool:
    """Whether a file is left out of lists, as systems leave theirs."""
    return path.name.startswith(".")


def may_be_picture(path: Path) -> bool:
    """Whether a file is worth trying as a picture: anything but a video and what lies aside."""
    return path.is_file() and not is_hidden(path) and path.suffix.lower() not in ASIDE | VIDEO


def kind(path: Path) -> Kind:
    """What a file is; one whose suffix says nothing is opened. Empty: neither, or hidden."""
    suffix = path.suffix.lower()
    if is_hidden(path) or suffix in ASIDE or not path.is_file():
        return ""
    if suffix in PICTURE:
        return "picture"
    return "video" if suffix in VIDEO else _by_content(path)


def _by_content(path: Path) -> Kind:
    try:
        import av  # noqa: PLC0415  # only a file with an unknown suffix needs it
    except ImportError:
        return ""
    try:
        with av.open(str(path)) as container:
            if len(container.streams.video) == 0:
                return ""
            name = container.format.name
    except (av.FFmpegError, OSError, ValueError):
        return ""
    return "picture" if name in STILL or name.endswith("_pipe") else "video"
