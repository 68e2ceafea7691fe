"""What an error leaves of a real ext4, and what fsck makes of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provisioning.recovery.disk import damage
from tests.disks import mounted


def run(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def image(tmp_path: Path) -> Path:
    if not (shutil.which("mkfs.ext4") and shutil.which("e2fsck")):
        pytest.skip("needs e2fsprogs")
    found = tmp_path / "image"
    with found.open("wb") as file:
        file.truncate(8 << 20)
    assert run("mkfs.ext4", "-q", "-F", str(found)) == 0
    return found


def test_an_error_of_ext4_is_seen_behind_a_bind_mount_until_fsck_has_mended_it(
    tmp_path: Path, image: Path
) -> None:
    options = "loop,errors=remount-ro"
    with mounted("ext4", str(image), tmp_path / "data", options) as data:
        (data / "recovery").mkdir()
        os.sync()
        with mounted("none", str(data / "recovery"), tmp_path / "recovery", "bind") as folder:
            assert damage(folder) == ""
            number = folder.stat().st_dev
            device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
            (Path("/sys/fs/ext4") / device.name / "trigger_fs_error").write_text("test\n")
            assert damage(folder) in {"Read-only file system", "Input/output error"}
    assert run("e2fsck", "-p", str(image)) <= 1  # all is right, or was corrected
    with mounted("ext4", str(image), tmp_path / "data", options) as data:
        assert damage(data / "recovery") == ""
        assert list((data / "recovery").iterdir()) == []


def test_a_folder_on_no_ext4_or_on_none_at_all_has_no_error(tmp_path: Path) -> None:
    assert damage(Path("/proc/self")) == ""
    assert damage(tmp_path / "none") == ""
