"""Nothing of a bundle is unpacked but what was signed, whoever made the file."""

import hashlib
import lzma
import os
import socket
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import jws
from hw_mocks.release_keys import ReleaseKeys
from provisioning.remedy import ProvisioningError
from provisioning.update import bundle, manifest
from provisioning.update.bundle import MAGIC, opened
from provisioning.update.manifest import File, Manifest, Payload
from provisioning.update.signing import BUNDLE, CATALOGUE, Signer
from tests.disks import small_disk
from tests.provisioning.update.releases import (
    MADE,
    PROGRAM,
    about,
    known,
    laid_out,
    made,
    refusal,
    unknown,
)

AT_ONCE = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=MADE - timedelta(days=1))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> bytes:
    return made(tmp_path_factory.mktemp("whole") / "b", signer).read_bytes()


def tree(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in files}


def forged(
    signer: Signer,
    files: dict[str, bytes],
    *,
    kind: str = "application",
    listed: list[File] | None = None,
    content: bytes | None = None,
    packed: bytes | None = None,
) -> bytes:
    """A bundle as `make` would never write it, signed all the same."""
    inside = b"".join(files[path] for path in files) if content is None else content
    payload = lzma.compress(inside) if packed is None else packed
    entries = [
        File(path, len(each), hashlib.sha256(each).hexdigest()) for path, each in files.items()
    ]
    told = about(kind=kind)
    text = msgspec.json.encode(
        Manifest(
            **{each: getattr(told, each) for each in told.__struct_fields__},
            format=1,
            payload=Payload(len(payload), hashlib.sha256(payload).hexdigest()),
            files=tuple(entries if listed is None else listed),
        )
    )
    signature = signer.sign(text, BUNDLE)
    return MAGIC + len(signature).to_bytes(4, "big") + signature + payload


def test_what_is_packed_is_what_is_unpacked(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    path = made(tmp_path / "b", signer, version="1.2.0rc3", boards=("haetae-arm64-rpi",))
    found = opened(path, [tmp_path / "none", keys.roots])
    assert found.manifest.version == "1.2.0rc3"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    found.unpack(tmp_path / "out")
    assert tree(tmp_path / "out") == PROGRAM
    assert {each: hashlib.sha256(c).hexdigest() for each, c in PROGRAM.items()} == dict(
        found.manifest.digests
    )


def test_modes_and_owners_of_the_makers_machine_do_not_travel(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    folder = laid_out(tmp_path / "b", PROGRAM)
    (folder / "agent/app.py").chmod(0o6777)
    path = tmp_path / "b.haetae"
    path.write_bytes(bundle.make(folder, about(), signer))
    before = os.umask(0o077)
    try:
        opened(path, [keys.roots]).unpack(tmp_path / "out")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(each.lstat().st_mode) for each in (tmp_path / "out").rglob("*.py")}
    assert modes == {0o644}
    assert stat.S_IMODE((tmp_path / "out/agent").stat().st_mode) == 0o755


def test_the_same_files_and_signer_give_the_same_bytes(signer: Signer, tmp_path: Path) -> None:
    backwards = dict(reversed(PROGRAM.items()))
    one, other = made(tmp_path / "1", signer), made(tmp_path / "2", signer, backwards)
    assert one.read_bytes() == other.read_bytes()


@AT_ONCE
@given(data=st.data())
def test_a_byte_flipped_or_missing_anywhere_is_found(
    data: st.DataObject, whole: bytes, keys: ReleaseKeys, tmp_path: Path
) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.integers(0, 255))
    broken = whole[:at] + (bytes([whole[at] ^ how]) + whole[at + 1 :] if how else b"")
    (tmp_path / "b").write_bytes(broken)
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) in {
        "release-damaged",
        "release-untrusted",
    }


def test_every_byte_of_the_head_and_of_the_payload_counts(
    whole: bytes, keys: ReleaseKeys, tmp_path: Path
) -> None:
    length = len(MAGIC) + 4
    behind = length + int.from_bytes(whole[len(MAGIC) : length])
    for at in [*range(length + 8), *range(behind - 8, len(whole))]:
        (tmp_path / "b").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ProvisioningError):
            opened(tmp_path / "b", [keys.roots])


def test_what_follows_the_payload_is_refused(
    whole: bytes, keys: ReleaseKeys, tmp_path: Path
) -> None:
    (tmp_path / "b").write_bytes(whole + b"\n")
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-damaged"


@pytest.mark.parametrize(
    "path",
    [
        "../agent/app.py",
        "agent/../../app.py",
        "/etc/passwd",
        "agent//app.py",
        "agent/./app.py",
        "agent/",
        "agent\\app.py",
        "agent/\N{LATIN SMALL LETTER A WITH ACUTE}.py",
        "agent/a\n.py",
        "agent/.hidden",
        "agent/" + "d/" * 12 + "deep.py",
        "agent/" + "a" * 101,
        "agent/__pycache__/app.py",
        "agent/app.pyc",
        "sitecustomize.py",
        "hw_mocks/bench.py",
        "C:/agent.py",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_though_it_is_signed(
    path: str, signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    (tmp_path / "b").write_bytes(forged(signer, {path: b"x"}))
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-unusable"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b"]


@pytest.mark.parametrize(
    "paths",
    [
        ["agent/a.py", "agent/a.py"],
        ["agent/A.py", "agent/a.py"],
        ["AGENT/a.py", "agent/b.py"],
        ["agent/a", "agent/a/b.py"],
        ["agent/A", "agent/a/b.py"],
        ["agent/b.py", "agent/a.py"],
    ],
)
def test_two_files_of_one_name_are_refused_though_they_are_signed(
    paths: list[str], signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    listed = [File(each, 1, hashlib.sha256(b"x").hexdigest()) for each in paths]
    (tmp_path / "b").write_bytes(forged(signer, {}, listed=listed, content=b"x" * len(paths)))
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-unusable"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("rules", "agent/app.py"),
        ("rules", "models/manifest.toml"),
        ("models", "models/runtime.py"),
        ("models", "models/weights/deep/fall.tflite"),
        ("keys", "agent/app.py"),
        ("system", "agent/app.py"),
        ("unheard", "agent/app.py"),
    ],
)
def test_a_kind_brings_only_what_it_is_for(
    kind: str, path: str, signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    (tmp_path / "b").write_bytes(forged(signer, {path: b"x"}, kind=kind))
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-unusable"
    folder = laid_out(tmp_path / "files", {path: b"x"})
    assert refusal(lambda: bundle.make(folder, about(kind=kind), signer)) == "release-unusable"


@pytest.mark.parametrize(
    ("size", "content"),
    [
        (5, b"123456"),  # more than is said
        (7, b"123456"),  # less
        (6, b"123457"),  # other
    ],
)
def test_a_file_that_is_not_what_was_signed_leaves_nothing_behind(
    size: int, content: bytes, signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    first = File("agent/a.py", 0, hashlib.sha256(b"").hexdigest())
    listed = [first, File("agent/b.py", size, hashlib.sha256(b"123456"[:size]).hexdigest())]
    (tmp_path / "b").write_bytes(forged(signer, {}, listed=listed, content=content))
    found = opened(tmp_path / "b", [keys.roots])
    assert refusal(lambda: found.unpack(tmp_path / "out")) == "release-unusable"
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_refused_by_what_it_says_and_cut_off_by_what_it_does(
    signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    most = manifest.LARGEST_FILE_BYTES
    told = [File(f"agent/{each:03}.bin", most, digest) for each in range(5)]
    (tmp_path / "b").write_bytes(forged(signer, {}, listed=told, content=b""))
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-unusable"
    quiet = forged(signer, {"agent/a.py": b""}, content=bytes(8 << 20))
    assert len(quiet) < 1 << 16
    (tmp_path / "b").write_bytes(quiet)
    found = opened(tmp_path / "b", [keys.roots])
    assert refusal(lambda: found.unpack(tmp_path / "out")) == "release-unusable"
    assert not (tmp_path / "out").exists()


def test_a_payload_that_wants_much_memory_is_refused(
    signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 256 << 20}]
    packed = lzma.compress(b"x", filters=filters)
    (tmp_path / "b").write_bytes(forged(signer, {"agent/a.py": b"x"}, packed=packed))
    found = opened(tmp_path / "b", [keys.roots])
    assert refusal(lambda: found.unpack(tmp_path / "out")) == "release-unusable"


@pytest.mark.parametrize("packed", [b"no xz at all", lzma.compress(b"x") + b"behind"])
def test_a_payload_that_is_no_xz_is_refused(
    packed: bytes, signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    whole = forged(signer, {"agent/a.py": b"x"}, packed=packed)
    (tmp_path / "b").write_bytes(whole)
    found = opened(tmp_path / "b", [keys.roots])
    assert refusal(lambda: found.unpack(tmp_path / "out")) == "release-unusable"


def _link(at: Path) -> None:
    at.symlink_to("/etc/passwd")


def _folder_link(at: Path) -> None:
    at.symlink_to("/etc")


def _pipe(at: Path) -> None:
    os.mkfifo(at)


def _socket(at: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(at))


@pytest.mark.parametrize("put", [_link, _folder_link, _pipe, _socket])
def test_only_plain_files_are_packed(
    put: Callable[[Path], None], signer: Signer, tmp_path: Path
) -> None:
    folder = laid_out(tmp_path / "b", PROGRAM)
    put(folder / "agent/strange")
    assert refusal(lambda: bundle.make(folder, about(), signer)) == "release-files"


@pytest.mark.parametrize("put", [_link, _pipe, _socket, Path.mkdir])
def test_only_a_plain_file_is_opened(
    put: Callable[[Path], None], keys: ReleaseKeys, tmp_path: Path
) -> None:
    put(tmp_path / "b")
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-damaged"


def test_a_folder_that_is_there_already_is_left_alone(
    whole: bytes, keys: ReleaseKeys, tmp_path: Path
) -> None:
    (tmp_path / "b").write_bytes(whole)
    laid_out(tmp_path / "out", {"mine": b"kept"})
    found = opened(tmp_path / "b", [keys.roots])
    assert refusal(lambda: found.unpack(tmp_path / "out")) == "update-no-room"
    assert tree(tmp_path / "out") == {"mine": b"kept"}


def test_a_disk_that_fills_up_gets_its_room_back(
    signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    files = {f"agent/{each}.py": os.urandom(30_000) for each in range(9)}
    found = opened(made(tmp_path / "b", signer, files), [keys.roots])
    with small_disk(tmp_path / "disk", 128) as disk:
        assert refusal(lambda: found.unpack(disk / "out")) == "update-no-room"
        assert list(disk.iterdir()) == []


def test_a_signature_for_something_else_is_none(
    signer: Signer, keys: ReleaseKeys, tmp_path: Path
) -> None:
    """A catalogue that says what a manifest would is none."""
    whole = forged(signer, {"agent/a.py": b"x"})
    at = len(MAGIC) + 4
    length = int.from_bytes(whole[len(MAGIC) : at])
    text = jws.take_apart(whole[at : at + length]).payload
    signature = signer.sign(text, CATALOGUE)
    (tmp_path / "b").write_bytes(
        MAGIC + len(signature).to_bytes(4, "big") + signature + whole[at + length :]
    )
    assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-untrusted"


def test_a_signer_must_have_been_good_when_the_bundle_was_made(
    keys: ReleaseKeys, tmp_path: Path
) -> None:
    early = keys.signer(at=MADE + timedelta(days=3))
    late = keys.signer(at=MADE - timedelta(days=9), lasts=timedelta(days=8))
    paths = [made(tmp_path / str(n), each) for n, each in enumerate((early, late))]
    assert refusal(lambda: opened(paths[0], [keys.roots])) == "signer-expired"
    assert refusal(lambda: opened(paths[1], [keys.roots])) == "signer-expired"


def test_a_bundle_brought_by_hand_needs_a_signer_who_is_good_still(
    keys: ReleaseKeys, tmp_path: Path
) -> None:
    brief = keys.signer(at=MADE - timedelta(days=1), lasts=timedelta(days=30))
    path = made(tmp_path / "b", brief)
    opened(path, [keys.roots])  # a catalogue names it, or it was installed before
    opened(path, [keys.roots], at=known(20))
    assert refusal(lambda: opened(path, [keys.roots], at=known(40))) == "signer-expired"
    assert refusal(lambda: opened(path, [keys.roots], at=unknown(40))) == "signer-expired"


def test_a_device_whose_clock_is_unknown_takes_what_may_be_good(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    path = made(tmp_path / "b", signer)
    opened(path, [keys.roots], at=unknown(-300))  # its clock stands before the signer's first day


def test_nothing_is_understood_before_the_signature_holds(
    keys: ReleaseKeys, tmp_path: Path
) -> None:
    """What a stranger signed is told as such, however wrong it is inside."""
    strange = ReleaseKeys(tmp_path / "other").signer()
    for content in (forged(strange, {"../x": b""}), forged(strange, {"agent/a.py": b"x"})):
        (tmp_path / "b").write_bytes(content)
        assert refusal(lambda: opened(tmp_path / "b", [keys.roots])) == "release-untrusted"
