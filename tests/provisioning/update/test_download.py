"""A release comes whole or not at all, over any link."""

import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw_mocks.authority import Authority
from hw_mocks.release_server import ReleaseServer, Trouble
from provisioning.update import download
from provisioning.update.wire import Manners
from tests.provisioning.update.downloads import CONTENT, ROOM, fetched, names, release
from tests.provisioning.update.releases import refusal


def test_a_release_comes_whole_and_is_told_of(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    found = download.fetch(
        release(),
        tmp_path,
        https,
        url=f"{server.url}/app.haetae",
        progress=lambda done, whole: told.append((done, whole)),
        reserve_bytes=ROOM,
    )
    assert found.read_bytes() == CONTENT
    assert names(tmp_path) == [found.name]
    assert found.suffix == ".haetae"
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_what_was_fetched_is_not_fetched_again(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    fetched(server, tmp_path, https)
    fetched(server, tmp_path, https)
    assert len(server.asked) == 1


def test_what_was_fetched_and_went_bad_is_fetched_again(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    found = fetched(server, tmp_path, https)
    found.write_bytes(CONTENT[:-1] + b"?")
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT
    assert len(server.asked) == 2


@dataclass(frozen=True)
class Cut:
    """An attempt that ends after so many bytes, at a server of one sort or another."""

    after: int
    has_weak_tags: bool
    ignores_ranges: bool


CUTS = st.builds(Cut, st.integers(0, len(CONTENT) - 1), st.booleans(), st.booleans())
ANY_FOLDER = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ANY_FOLDER
@given(cuts=st.lists(CUTS, max_size=4))
def test_cut_anywhere_and_however_often_it_goes_on_from_there(
    cuts: list[Cut],
    server: ReleaseServer,
    https: ssl.SSLContext,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    part = folder / f"{release().sha256}.part"
    kept = 0
    for cut in cuts:
        left = len(CONTENT) if cut.ignores_ranges else len(CONTENT) - kept
        if cut.after >= left:
            continue  # it would come whole
        server.trouble = Trouble(
            cut_after=cut.after, weak_tags=cut.has_weak_tags, ignores_ranges=cut.ignores_ranges
        )
        assert refusal(lambda: fetched(server, folder, https)) == "update-interrupted"
        was_resumed = server.asked[-1][1] == f"bytes={kept}-" and not cut.ignores_ranges
        is_same = was_resumed and part.stat().st_size == kept + cut.after
        kept = part.stat().st_size
        assert is_same or kept == cut.after  # or from the beginning, where the server said so
    server.trouble = Trouble()
    assert fetched(server, folder, https).read_bytes() == CONTENT
    assert server.asked[-1][1] == (f"bytes={kept}-" if kept else "")


CHILD = """
import os, ssl, sys
from pathlib import Path
from provisioning.update import download
from provisioning.update.catalogue import Release
folder, url, ca, certificate, key, sha256, size, stop = sys.argv[1:]
https = ssl.create_default_context(cafile=ca)
https.load_cert_chain(certificate, key)
wanted = Release(
    kind="application", version="0.3.0", url="x", bytes=int(size), sha256=sha256
)
download.fetch(
    wanted, Path(folder), https, url=url, reserve_bytes=0,
    progress=lambda done, _: done < int(stop) or os.kill(os.getpid(), 9),
)
"""


def test_a_process_killed_on_the_way_leaves_what_the_next_one_goes_on_from(
    server: ReleaseServer, https: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    for stop in (1, 40_000, 90_000):
        certificate, key = authority.issue("stall-17")
        wanted = release()
        told = (tmp_path, f"{server.url}/app.haetae", authority.ca, certificate, key)
        words = [*map(str, told), wanted.sha256, str(wanted.bytes), str(stop)]
        done = subprocess.run([sys.executable, "-c", CHILD, *words], check=False)
        assert done.returncode == -9
        assert (tmp_path / f"{wanted.sha256}.part").stat().st_size >= stop
    assert [each != "" for _, each in server.asked] == [False, True, True]
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT


def test_a_file_that_was_exchanged_meanwhile_is_fetched_from_its_beginning(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    other = bytes(reversed(CONTENT))
    server.files = {"/app.haetae": other}
    server.trouble = Trouble(cut_after=50_000)
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-interrupted"
    server.files, server.trouble = {"/app.haetae": CONTENT}, Trouble()
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) - 1, len(CONTENT) + 1])
def test_another_file_under_the_same_address_is_thrown_away(
    length: int, server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.files = {"/app.haetae": bytes(length)}
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-changed"
    assert names(tmp_path) == []


def test_a_wrong_range_is_refused_and_the_next_attempt_begins_anew(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = Trouble(cut_after=50_000)
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-interrupted"
    server.trouble = Trouble(shift=7)
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-server-refused"
    server.trouble = Trouble()
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT
    assert server.asked[-1] == ("/app.haetae", "")


def test_a_file_that_became_shorter_than_what_is_there_is_fetched_anew(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = Trouble(cut_after=50_000, weak_tags=True)
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-interrupted"
    server.files, server.trouble = {"/app.haetae": CONTENT[:10]}, Trouble()
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-server-refused"
    server.files = {"/app.haetae": CONTENT}
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT


@pytest.mark.parametrize("there", [CONTENT[:50_000] + bytes(999), bytes(50_000), CONTENT + b"more"])
def test_what_a_power_cut_has_spoilt_is_fetched_anew(
    there: bytes, server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    (tmp_path / f"{release().sha256}.part").write_bytes(there)
    if len(there) < len(CONTENT):
        assert refusal(lambda: fetched(server, tmp_path, https)) == "update-interrupted"
        assert names(tmp_path) == []
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT
    assert server.asked[-1][1] == ""


def test_a_redirect_is_not_followed(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = Trouble(redirect=f"{server.url}/elsewhere")
    server.files["/elsewhere"] = CONTENT
    assert refusal(lambda: fetched(server, tmp_path, https)) == "update-moved"
    assert [path for path, _ in server.asked] == ["/app.haetae"]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Trouble(status=404), "update-server-refused"),
        (Trouble(status=503), "update-server-refused"),
        (Trouble(encoding="gzip"), "update-server-refused"),
        (Trouble(lies_of_length=5), "update-changed"),
    ],
)
def test_an_answer_that_is_none_is_told(
    trouble: Trouble, code: str, server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = trouble
    assert refusal(lambda: fetched(server, tmp_path, https)) == code


class Hours:
    """A clock that a rate limit may set forward."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


def test_a_server_that_goes_silent_is_given_up_and_what_came_is_kept(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = Trouble(stall_after=30_000)
    hours = Hours()

    def fetch() -> Path:
        return download.fetch(
            release(),
            tmp_path,
            https,
            url=f"{server.url}/app.haetae",
            reserve_bytes=ROOM,
            progress=lambda done, _: hours.wait(61.0 if done == 30_000 else 0.0),
            manners=Manners(patience_s=60.0, slowest_bytes_per_s=1000.0, clock=hours.clock),
        )

    assert refusal(fetch) == "update-slow"
    server.trouble = Trouble()
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=30000-"


def test_a_server_that_never_ends_its_headers_is_given_up(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    server.trouble = Trouble(header_stall=True)
    url, manners = f"{server.url}/app.haetae", Manners(patience_s=0.3)

    def fetch() -> Path:
        return download.fetch(
            release(), tmp_path, https, url=url, reserve_bytes=ROOM, manners=manners
        )

    assert refusal(fetch) == "update-slow"
    server.trouble = Trouble()
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT


def test_a_rate_that_was_asked_for_is_kept(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    hours = Hours()
    manners = Manners(bytes_per_s=1000.0, clock=hours.clock, wait=hours.wait)
    url = f"{server.url}/app.haetae"
    download.fetch(release(), tmp_path, https, url=url, reserve_bytes=ROOM, manners=manners)
    assert len(CONTENT) / 1000 <= hours.now_s < len(CONTENT) / 1000 + 1


def test_it_stops_when_it_is_told_to_and_goes_on_from_there(
    server: ReleaseServer, https: ssl.SSLContext, tmp_path: Path
) -> None:
    url = f"{server.url}/app.haetae"

    def fetch() -> Path:
        return download.fetch(
            release(), tmp_path, https, url=url, reserve_bytes=ROOM, should_go_on=lambda: False
        )

    assert refusal(fetch) == "update-interrupted"
    there = (tmp_path / f"{release().sha256}.part").stat().st_size
    assert 0 < there < len(CONTENT)
    assert fetched(server, tmp_path, https).read_bytes() == CONTENT
    assert server.asked[-1][1] == f"bytes={there}-"


def test_a_stranger_is_not_asked(server: ReleaseServer, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    context = ssl.create_default_context(cafile=str(other.ca))
    context.load_cert_chain(*other.issue("stall-17"))
    code = refusal(lambda: fetched(server, tmp_path / "to", context))
    assert code == "update-server-untrusted"
    assert server.asked == []


def test_a_device_without_a_certificate_is_not_served(
    server: ReleaseServer, authority: Authority, tmp_path: Path
) -> None:
    context = ssl.create_default_context(cafile=str(authority.ca))
    code = refusal(lambda: fetched(server, tmp_path, context))
    assert code in {"update-server-refused", "update-interrupted"}  # its alert, or only the end
    assert server.asked == []


def test_nobody_there_is_told(https: ssl.SSLContext, tmp_path: Path) -> None:
    def fetch() -> Path:
        return download.fetch(
            release(), tmp_path, https, url="https://localhost:1/x", reserve_bytes=ROOM
        )

    assert refusal(fetch) == "update-unreachable"


def test_a_small_text_comes_whole_or_not(server: ReleaseServer, https: ssl.SSLContext) -> None:
    server.files = {"/catalogue.jws": b"signed"}
    url = f"{server.url}/catalogue.jws"
    assert download.fetch_text(url, https, most_bytes=6) == b"signed"
    told = refusal(lambda: download.fetch_text(url, https, most_bytes=5))
    assert told == "update-server-refused"
    server.trouble = Trouble(cut_after=3)
    told = refusal(lambda: download.fetch_text(url, https, most_bytes=6))
    assert told == "update-interrupted"
