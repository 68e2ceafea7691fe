"""Speak the words of provisioning/prompts.toml into WAV files, with Debian's espeak-ng.

    scripts/make_prompts.py [--folder /usr/share/haetae/prompts]

Run where the image is made or the device installed; no sound is kept in the repository. A voice
recorded by a person is better: put files of the same names there instead.
"""

import argparse
import array
import subprocess
import sys
import tempfile
import tomllib
import wave
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).parents[1] / "provisioning" / "prompts.toml"
FOLDER = Path("/usr/share/haetae/prompts")
LANGUAGES = ("ko", "en")
SPEEDS = range(140, 221, 10)  # words a minute, slowest first; beyond, nobody understands
SILENCE = 300  # of 32767: below it nobody speaks
LOUD = 30_000


class PromptError(Exception):
    """The words cannot be spoken; the message says which and why."""


def main() -> int:
    """Make every file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR")
    folder: Path = parser.parse_args().folder
    prompts: dict[str, Any] = tomllib.loads(TEXTS.read_text("utf-8"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, prompt in prompts.items():
            for language in LANGUAGES:
                for n, words in enumerate(prompt[language], 1):
                    path = folder / f"{name}-{language}-{n}.wav"
                    length_s = speak(words, language, path, prompt["longest_s"])
                    print(f"{path}: {length_s:.2f} s: {words}")
    except (OSError, PromptError) as error:
        print(f"prompts: {error}", file=sys.stderr)
        return 1
    return 0


def speak(words: str, language: str, path: Path, longest_s: float) -> float:
    """Speak as slowly as fits into `longest_s` seconds; give the length in seconds.

    Raises:
        PromptError: They do not fit, or there is no espeak-ng.
        OSError: The file cannot be written.
    """
    for speed in SPEEDS:
        rate_hz, samples = trimmed(*spoken(words, language, speed))
        if (length_s := len(samples) / rate_hz) <= longest_s:
            write(path, rate_hz, samples)
            return length_s
    raise PromptError(f"{words!r}: more than {longest_s:g} s however fast: say it shorter")


def spoken(words: str, language: str, speed: int) -> "tuple[int, array.array[int]]":
    """Samples a second, and the samples.

    Raises:
        PromptError: There is no espeak-ng, or it has no such voice.
    """
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "words.wav"
        command = ["espeak-ng", "-v", language, "-s", str(speed), "-w", str(wav), "--", words]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except FileNotFoundError:
            raise PromptError("no espeak-ng: sudo apt install espeak-ng") from None
        except subprocess.CalledProcessError as error:
            raise PromptError(error.stderr.decode("utf-8", "replace").strip()) from error
        with wave.open(str(wav)) as file:
            return file.getframerate(), array.array("h", file.readframes(file.getnframes()))


def trimmed(rate_hz: int, samples: "array.array[int]") -> "tuple[int, array.array[int]]":
    """The same without the silence around it, and as loud as it can be."""
    voiced = [n for n, sample in enumerate(samples) if abs(sample) > SILENCE]
    if not voiced:
        raise PromptError("nothing was spoken")
    kept = samples[voiced[0] : voiced[-1] + 1]
    factor = LOUD / max(abs(sample) for sample in kept)
    return rate_hz, array.array("h", (round(sample * factor) for sample in kept))


def write(path: Path, rate_hz: int, samples: "array.array[int]") -> None:
    """Replace the file in one step."""
    new = path.with_suffix(".new")
    with wave.open(str(new), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main())
