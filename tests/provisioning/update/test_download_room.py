"""What is fetched takes no room from alarms, and no more of it than one release needs."""

import hashlib
import os
import ssl
from pathlib import Path

from hw_mocks.release_server import ReleaseServer, Trouble
from provisioning.update import download
from tests.disks import fill, small_disk
from tests.provisioning.update.downloads import ROOM, fetched, names, release
from tests.provisioning.update.releases import refusal


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 128) as disk:
        assert refusal(lambda: fetched(server, disk, https)) == "update-no-room"
        assert names(disk) == []
    assert server.asked == []


def test_a_disk_that_fills_up_on_the_way_gets_its_room_back(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    large = hashlib.shake_256(b"a larger one").digest(3 << 20)
    server.files = {"/app.haetae": large}
    with small_disk(tmp_path / "disk", 4096) as disk:

        def told(done: int, _whole: int) -> None:
            if done >= 1 << 19 and not (disk / "ballast").exists():
                fill(disk)

        def fetch() -> Path:
            return download.fetch(
                release(large),
                disk / "updates",
                https,
                url=f"{server.url}/app.haetae",
                reserve_bytes=ROOM,
                progress=told,
            )

        assert refusal(fetch) == "update-no-room"
        assert names(disk / "updates") == []
        free = os.statvfs(disk)
        assert free.f_bavail * free.f_frsize >= 1 << 19


def test_only_one_release_at_a_time_takes_room(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = Trouble(cut_after=50_000)
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-interrupted"
    server.trouble = Trouble()
    server.files = {"/app.haetae": b"another"}
    found = fetched(server, tmp_path, https, release(b"another"))
    assert names(tmp_path) == [found.name]
