"""Whatever a manifest says, its files lie in one folder, apart from each other, and are bounded."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw_mocks.release_keys import ReleaseKeys
from provisioning.remedy import ProvisioningError
from provisioning.update import manifest
from provisioning.update.bundle import opened
from provisioning.update.manifest import File, Manifest, Payload, check_paths, read_manifest
from provisioning.update.signing import Signer
from tests.provisioning.update.releases import MADE, about, made, refusal

SEGMENTS = st.text("aAbB._-+1", min_size=1, max_size=6).filter(lambda each: each[0] not in ".-+")
PATHS = st.builds(
    lambda top, rest: "/".join([top, *rest]),
    st.sampled_from(["agent", "drivers", "models", "provisioning"]),
    st.lists(SEGMENTS, min_size=1, max_size=4),
)
ANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=MADE)


def written(**said: Any) -> bytes:
    """A manifest of one file, less what a test says instead, at any depth: `payload.bytes`."""
    whole = Manifest(
        **{each: getattr(about(), each) for each in about().__struct_fields__},
        format=1,
        payload=Payload(1, "1" * 64),
        files=(File("agent/app.py", 1, "2" * 64),),
    )
    told = json.loads(msgspec.json.encode(whole))
    for where, value in said.items():
        *parents, name = where.split("__")
        place = told
        for each in parents:
            place = place[int(each) if each.isdecimal() else each]
        place[name] = value
    return json.dumps(told).encode()


def test_a_manifest_that_is_right_is_taken() -> None:
    """The control of the next test."""
    assert read_manifest(written()).version == "0.3.0"


@pytest.mark.parametrize(
    "said",
    [
        {"format": 2},
        {"kind": "firmware"},
        {"kind": "Application"},
        {"version": "0.3.0-dirty"},
        {"lock": "abc"},
        {"boards": ["Any Board"]},
        {"boards": ["board"] * 65},
        {"needs": {"application": "soon"}},
        {"made": "yesterday"},
        {"made": "2026-11-01T12:00:00"},  # of no time zone
        {"commit": "main"},
        {"strange": True},
        {"payload__bytes": 0},
        {"payload__bytes": manifest.LARGEST_PAYLOAD_BYTES + 1},
        {"payload__sha256": "A" * 64},
        {"payload__format": "zip"},
        {"files": []},
        {"files": [{"path": f"agent/{n}", "bytes": 0, "sha256": "0" * 64} for n in range(4097)]},
        {"files__0__bytes": -1},
        {"files__0__bytes": manifest.LARGEST_FILE_BYTES + 1},
        {"files__0__path": ""},
        {"files__0__path": "agent/" + "a" * 300},
        {"files__0__link": "/etc/passwd"},
        {"files__0__mode": 0o4755},
    ],
)
def test_a_manifest_that_says_anything_else_is_refused(said: dict[str, Any]) -> None:
    assert refusal(lambda: read_manifest(written(**said))) == "release-unusable"


@given(text=st.one_of(st.binary(max_size=99), st.text(max_size=99).map(str.encode)))
def test_anything_at_all_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(ProvisioningError):
        read_manifest(text)


@ANY
@given(paths=st.lists(st.one_of(PATHS, st.text(max_size=30)), min_size=1, max_size=6))
def test_paths_that_are_taken_lie_below_their_folder_and_are_apart(paths: list[str]) -> None:
    listed = sorted(set(paths))
    try:
        check_paths("application", listed)
    except ProvisioningError:
        return
    folder = PurePosixPath("/data/tree")
    whole = [folder / each for each in listed]
    assert all(".." not in each.parts and each.is_relative_to(folder) for each in whole)
    assert [str(each.relative_to(folder)) for each in whole] == listed
    lowered = {str(each).lower() for each in whole}
    assert len(lowered) == len(whole)
    assert not any(str(parent).lower() in lowered for each in whole for parent in each.parents)


def _apart(files: dict[str, bytes]) -> bool:
    try:
        check_paths("application", sorted(files))
    except ProvisioningError:
        return False
    return True


TREES = st.dictionaries(PATHS, st.binary(max_size=300), min_size=1, max_size=8).filter(_apart)


@settings(ANY, max_examples=20)
@given(files=TREES)
def test_every_tree_that_can_be_packed_is_unpacked_as_it_was(
    files: dict[str, bytes],
    keys: ReleaseKeys,
    signer: Signer,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    opened(made(folder / "b", signer, files), [keys.roots]).unpack(folder / "out")
    out = folder / "out"
    found = {each.relative_to(out).as_posix(): each for each in out.rglob("*") if each.is_file()}
    assert {path: each.read_bytes() for path, each in found.items()} == files


def test_a_bundle_of_nothing_is_none(signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert refusal(lambda: made(tmp_path / "b", signer, {})) == "release-unusable"
