"""The file of a system bundle between its check and its installation: nobody exchanges it."""

from pathlib import Path

import pytest

from provisioning.remedy import ProvisioningError
from provisioning.update.system import pinned

CHECKED, OTHER = b"what was checked", b"something else"


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    path = tmp_path / "downloads" / "system.raucb"
    path.parent.mkdir()
    path.write_bytes(CHECKED)
    return path


def refused(path: Path, folder: Path) -> bool:
    with pytest.raises(ProvisioningError) as caught, pinned(path, is_trusted=False, folder=folder):
        pass
    return caught.value.failure.code == "release-damaged"


def test_what_takes_its_place_is_not_what_is_installed(fetched: Path, tmp_path: Path) -> None:
    with pinned(fetched, is_trusted=False, folder=tmp_path / "run") as same:
        assert same.name == fetched.name
        (tmp_path / "other").write_bytes(OTHER)
        (tmp_path / "other").replace(fetched)
        assert fetched.read_bytes() == OTHER
        assert same.read_bytes() == CHECKED
    assert list((tmp_path / "run").iterdir()) == []


def test_it_is_nobodys_to_change_and_nobody_has_it_open_to(fetched: Path, tmp_path: Path) -> None:
    with fetched.open("r+b"):
        assert refused(fetched, tmp_path / "run")
    fetched.chmod(0o666)
    with pinned(fetched, is_trusted=False, folder=tmp_path / "run"):
        assert fetched.stat().st_mode & 0o777 == 0o400


def test_no_link_is_followed_to_a_file_that_is_roots_own(fetched: Path, tmp_path: Path) -> None:
    (tmp_path / "file").symlink_to(fetched)
    (tmp_path / "folder").symlink_to(fetched.parent)
    for path in (tmp_path / "file", tmp_path / "folder" / fetched.name, tmp_path / "nothing"):
        assert refused(path, tmp_path / "run")
    assert fetched.stat().st_mode & 0o200
    with pinned(tmp_path / "file", is_trusted=True, folder=tmp_path / "run") as same:
        assert same.read_bytes() == CHECKED
    assert fetched.stat().st_mode & 0o200


def test_what_a_start_that_was_cut_off_has_left_is_in_nobodys_way(
    fetched: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / fetched.name).symlink_to("/proc/1/fd/99")
    with pinned(fetched, is_trusted=False, folder=tmp_path / "run") as same:
        assert same.read_bytes() == CHECKED
