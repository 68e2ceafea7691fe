"""The pose files: pinned, checked, whole or not at all, through a registry that misbehaves."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from models import fetch, runtime

NAME = "@mediapipe/pose@0.5.1675469404"
CONTENT = {"package/a.data": b"detector" * 100, "package/b.tflite": b"landmarks" * 100}


def packed(content: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


PACKAGE = packed(CONTENT)


def table(member: str, package: bytes = PACKAGE) -> dict[str, Any]:
    return {
        "package": NAME,
        "package_sha256": hashlib.sha256(package).hexdigest(),
        "member": member,
        "tflite": f"weights/{Path(member).stem}.tflite",
        "tflite_sha256": hashlib.sha256(CONTENT[member]).hexdigest(),
    }


TABLES = {"one": table("package/a.data"), "two": table("package/b.tflite"), "own": {"tflite": "x"}}


class Registry(ThreadingHTTPServer):
    """An npm registry of one package; what it answers is set by the test."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers: list[tuple[int, bytes, int]] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/npm/"

    def gives(self, body: bytes, status: int = 200, claims: int | None = None) -> None:
        self.answers.append((status, body, len(body) if claims is None else claims))


class Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, body, length = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent's name
        pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Registry() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_files_come_from_the_package_by_its_name_and_are_left_alone_after(
    registry: Registry, tmp_path: Path
) -> None:
    registry.gives(PACKAGE)
    said: list[str] = []
    files = fetch.fetch(tmp_path / "new", say=said.append, registry=registry.url, tables=TABLES)
    assert [path.read_bytes() for path in files] == list(CONTENT.values())
    assert registry.asked == ["/npm/@mediapipe/pose/-/pose-0.5.1675469404.tgz"]
    assert said[0].endswith("fetching")
    assert fetch.fetch(tmp_path / "new", registry="http://none.invalid", tables=TABLES) == files
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.tflite", "b.tflite"]


def test_a_changed_file_is_taken_again(registry: Registry, tmp_path: Path) -> None:
    registry.gives(PACKAGE)
    registry.gives(PACKAGE)
    first, _ = fetch.fetch(tmp_path, registry=registry.url, tables=TABLES)
    first.write_bytes(b"worn card")
    fetch.fetch(tmp_path, registry=registry.url, tables=TABLES)
    assert first.read_bytes() == CONTENT["package/a.data"]


@pytest.mark.parametrize(
    ("package", "known", "message"),
    [
        (PACKAGE + b"!", table("package/a.data"), "not the package that was measured"),
        (b"no archive", table("package/a.data", b"no archive"), "not in the package"),
        (
            packed({"package/a.data": b"other"}),
            table("package/a.data", packed({"package/a.data": b"other"})),
            "not the file that was measured",
        ),
    ],
)
def test_another_package_archive_or_file_is_refused_and_leaves_nothing(
    registry: Registry, tmp_path: Path, package: bytes, known: dict[str, Any], message: str
) -> None:
    registry.gives(package)
    with pytest.raises(fetch.FetchError, match=message):
        fetch.fetch(tmp_path, registry=registry.url, tables={"one": known})
    assert list(tmp_path.iterdir()) == []


def test_a_broken_or_failing_answer_is_asked_for_again(registry: Registry, tmp_path: Path) -> None:
    registry.gives(PACKAGE[:50], claims=len(PACKAGE))
    registry.gives(b"", status=503)
    registry.gives(PACKAGE)
    assert len(fetch.fetch(tmp_path, registry=registry.url, tables=TABLES)) == 2


def test_a_registry_without_the_package_is_said_at_once_with_what_to_do(
    registry: Registry, tmp_path: Path
) -> None:
    registry.gives(b"", status=404)
    with pytest.raises(fetch.FetchError, match=r"404 .*NPM_CONFIG_REGISTRY.*--package"):
        fetch.fetch(tmp_path, registry=registry.url, tables=TABLES)
    assert len(registry.asked) == 1


def test_no_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(fetch.FetchError, match="check the network"):
        fetch.fetch(tmp_path, registry="http://127.0.0.1:9/", tables=TABLES)


def test_a_package_brought_as_a_file_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "pose.tgz").write_bytes(PACKAGE)
    files = fetch.fetch(tmp_path / "out", package=tmp_path / "pose.tgz", tables=TABLES)
    assert files[1].read_bytes() == CONTENT["package/b.tflite"]
    with pytest.raises(fetch.FetchError, match="name the package"):
        fetch.fetch(tmp_path / "more", package=tmp_path / "none.tgz", tables=TABLES)


def test_npm_s_own_configuration_names_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://mirror.example/npm")
    assert fetch.configured_registry(NAME) == "https://mirror.example/npm"


def test_the_manifest_pins_every_file_of_a_package() -> None:
    taken = [each for each in runtime.manifest().values() if "package" in each]
    assert len(taken) == 2
    for each in taken:
        assert len(each["package_sha256"]) == len(each["tflite_sha256"]) == 64
        assert each["package"].count("@") == 2
