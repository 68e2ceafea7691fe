"""Every cause is told apart by a real peer on a socket, in words for people and as a code."""

import socket
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.hub import Hub
from agent.hub_cause import Cause
from agent.hub_wording import WORDS, standing
from agent.sections import HubConfig
from agent.wallclock import WallTime, read_wall_clock
from hw_mocks.authority import Authority
from tests.agent.events import row_of
from tests.brokers import DEVICE, SITE, Mosquitto
from tests.peers import Talk, answering, hears, in_tls, revoking, says
from tests.running import REPOSITORY

NOW = read_wall_clock().iso
KEPT = WallTime(NOW, 0.01, "ntp")
UNKEPT = WallTime(NOW, None, "unsynchronised")
DAY = timedelta(days=1)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "city", "city authority")


def config_of(authority: Authority, port: int, **changes: Any) -> HubConfig:
    certificate, key = authority.issue(DEVICE)
    settings: dict[str, Any] = {
        "host": "localhost",
        "port": port,
        "ca": str(authority.ca),
        "certificate": str(certificate),
        "key": str(key),
    }
    return HubConfig(**(settings | changes))


def tried(config: HubConfig, *, wall: WallTime = KEPT, connect_s: float = 5.0) -> Hub:
    """A hub connection that has been tried once, in vain."""
    hub = Hub(
        config,
        device=DEVICE,
        site=SITE,
        state=lambda: b"{}",
        wall=lambda: wall,
        connect_s=connect_s,
    )
    assert not hub.send(row_of())
    return hub


def against(authority: Authority, talk: Talk, **options: Any) -> Hub:
    """The same against somebody who talks like this."""
    with answering(talk) as port:
        return tried(config_of(authority, port), **options)


PORTAL = b"HTTP/1.1 302 Found\r\nLocation: http://login.cafe.example/\r\n\r\n"


@pytest.mark.parametrize(
    ("words", "cause", "said"),
    [
        (PORTAL, Cause.CAPTIVE_PORTAL, "plain HTTP, 'HTTP/1.1 302 Found'"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", Cause.CAPTIVE_PORTAL, "400 Bad Request"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Cause.NOT_TLS, "SSH-2.0-OpenSSH_9.2"),
        (b"", Cause.NOT_TLS, "hung up at our first word"),
    ],
)
def test_what_answers_without_tls_is_told_by_its_first_words(
    authority: Authority, words: bytes, cause: Cause, said: str
) -> None:
    hub = against(authority, says(words))
    assert hub.cause is cause, hub.status
    assert said in hub.status


def test_a_login_page_that_shows_its_own_certificate_is_a_captive_portal(
    authority: Authority, tmp_path: Path
) -> None:
    cafe = Authority(tmp_path / "cafe", "Cafe Wi-Fi")
    files = cafe.issue("portal", host="login.cafe.example")
    hub = against(authority, in_tls(files, says(PORTAL)))
    assert hub.cause is Cause.CAPTIVE_PORTAL, hub.status
    assert (
        "its certificate is for login.cafe.example, 127.0.0.1, issued by Cafe Wi-Fi" in hub.status
    )


def test_a_hub_of_another_authority_is_no_portal(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "another authority")
    hub = against(authority, in_tls(other.issue("server"), hears))
    assert hub.cause is Cause.SERVER_UNTRUSTED, hub.status


def test_a_trusted_certificate_for_another_name_is_told(authority: Authority) -> None:
    files = authority.issue("server", host="hub.other.example")
    hub = against(authority, in_tls(files, hears))
    assert hub.cause is Cause.SERVER_OTHER_NAME, hub.status
    assert "hub.other.example" in hub.status


@pytest.mark.parametrize(
    ("begins", "lasts", "wall", "cause"),
    [
        (-9 * DAY, -DAY, KEPT, Cause.SERVER_EXPIRED),
        (-9 * DAY, -DAY, UNKEPT, Cause.CLOCK_AHEAD),
        (DAY, 9 * DAY, KEPT, Cause.SERVER_NOT_YET_VALID),
    ],
)
def test_whose_clock_is_wrong_is_told_by_whether_ours_was_set(
    authority: Authority, begins: timedelta, lasts: timedelta, wall: WallTime, cause: Cause
) -> None:
    files = authority.issue("server", begins=begins, lasts=lasts)
    hub = against(authority, in_tls(files, hears), wall=wall)
    assert hub.cause is cause, hub.status
    limit = datetime.fromisoformat(NOW) + (begins if begins > timedelta(0) else lasts)
    assert f"{limit:%Y-%m-%d}" in hub.status
    assert (wall.iso in hub.status) is (wall is UNKEPT)


@pytest.mark.parametrize(
    ("answer", "cause", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 300, Cause.NOT_A_BROKER, "HTTP/1.1 400"),
        (b"\xff\xff\xff\xff\xff\xff", Cause.NOT_A_BROKER, "xff"),
        (bytes([0x20, 3, 0, 0x87, 0]), Cause.CONNECTION_DENIED, "Not authorized"),
        (bytes([0x20, 3, 0, 0x85, 0]), Cause.CONNECTION_DENIED, "Client identifier not valid"),
        (bytes([0x20, 3, 0, 0x8A, 0]), Cause.CONNECTION_DENIED, "Banned"),
        (bytes([0x20, 3, 0, 0x89, 0]), Cause.SERVER_BUSY, "Server busy"),
        (bytes([0x20, 3, 0, 0x97, 0]), Cause.SERVER_BUSY, "Quota exceeded"),
        (
            bytes([0x20, 12, 0, 0x9D, 9, 0x1C, 0, 6]) + b"hub2:1",
            Cause.SERVER_MOVED,
            "Server moved: use hub2:1",
        ),
        (bytes([0x20, 2, 0, 1]), Cause.CONNECTION_DENIED, "Unsupported protocol version"),
        (bytes([0x20, 2, 0, 3]), Cause.SERVER_BUSY, "server unavailable"),
    ],
)
def test_what_a_hub_says_instead_of_welcome_is_told(
    authority: Authority, answer: bytes, cause: Cause, said: str
) -> None:
    hub = against(authority, in_tls(authority.issue("server"), says(answer)))
    assert hub.cause is cause, hub.status
    assert said in hub.status


@pytest.mark.parametrize(
    ("code", "cause"),
    [(1, Cause.CONNECTION_DENIED), (3, Cause.SERVER_BUSY), (5, Cause.CONNECTION_DENIED)],
)
def test_a_hub_of_3_1_1_that_denies_is_told_too(
    authority: Authority, code: int, cause: Cause
) -> None:
    with answering(in_tls(authority.issue("server"), says(bytes([0x20, 2, 0, code])))) as port:
        hub = tried(config_of(authority, port, protocol="3.1.1"))
    assert hub.cause is cause, hub.status


def test_a_handshake_that_hangs_is_told(authority: Authority) -> None:
    hub = against(authority, hears, connect_s=0.5)
    assert hub.cause is Cause.TLS_HANGS, hub.status


def test_a_hub_that_never_welcomes_is_told(authority: Authority) -> None:
    hub = against(authority, in_tls(authority.issue("server"), hears), connect_s=1.0)
    assert hub.cause is Cause.NO_CONNACK, hub.status


def test_a_hub_with_a_town_at_its_door_is_given_more_time_at_each_attempt(
    authority: Authority,
) -> None:
    with answering(in_tls(authority.issue("server"), hears)) as port:
        hub = tried(config_of(authority, port), connect_s=0.25)
        told = [hub.status]
        for _ in range(3):
            assert not hub.send(row_of())
            told.append(hub.status)
    limits = ["0.25 s", "0.5 s", "1 s", "1 s"]
    assert all(limit in each for limit, each in zip(limits, told, strict=True)), told


def welcomes(line: socket.socket) -> None:
    """Let everybody in, and confirm nothing."""
    line.recv(65536)
    line.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK
    hears(line)


def test_a_hub_that_takes_us_and_confirms_nothing_is_given_more_time_at_each_connection(
    authority: Authority,
) -> None:
    with answering(in_tls(authority.issue("server"), welcomes)) as port:
        hub = tried(config_of(authority, port, puback_timeout_s=0.5))
        told = [hub.status]
        for _ in range(2):
            assert not hub.send(row_of())
            told.append(hub.status)
        assert hub.cause is Cause.UNSTABLE, hub.status  # which a new connection does not end
        hub.close()
    limits = ["no PUBACK within 0.5 s;", "no PUBACK within 1 s;", "no PUBACK within 2 s;"]
    assert all(limit in each for limit, each in zip(limits, told, strict=True)), told


def test_a_hub_that_cannot_agree_on_tls_is_told(authority: Authority) -> None:
    alert = bytes([0x15, 3, 3, 0, 2, 2, 70])  # protocol version
    hub = against(authority, says(alert))
    assert hub.cause is Cause.TLS_REFUSED, hub.status
    assert "protocol version" in hub.status


def test_a_revoked_certificate_is_told(authority: Authority) -> None:
    config = config_of(authority, 1)
    talk = revoking(authority.issue("server"), authority, Path(config.certificate))
    with answering(talk) as port:
        hub = tried(config_of_again(config, port))
    assert hub.cause is Cause.CERTIFICATE_REVOKED, hub.status


def config_of_again(config: HubConfig, port: int) -> HubConfig:
    """The same device at another port."""
    settings = {name: getattr(config, name) for name in config.__struct_fields__}
    return HubConfig(**(settings | {"port": port}))


def test_a_hub_that_hangs_up_without_a_word_probably_refused_the_certificate(
    authority: Authority,
) -> None:
    def goes(line: Any) -> None:
        line.recv(65536)

    hub = against(authority, in_tls(authority.issue("server"), goes))
    assert hub.cause is Cause.CERTIFICATE_PROBABLY_REFUSED, hub.status


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as running:
        yield running


def test_a_real_broker_where_all_is_well_and_nobody_listens(broker: Mosquitto) -> None:
    hub = Hub(broker.config(), device=DEVICE, site=SITE, state=lambda: b"{}")
    assert hub.report()["cause"] == "not_connected_yet"
    assert hub.send(row_of()), hub.status
    found = hub.report()
    assert found["cause"] == "nobody_listens"
    assert found["name"] == "home"
    assert found["address"] == f"localhost:{broker.port}"
    hub.close()
    assert hub.report()["cause"] == "closed"


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"lasts": -DAY}, Cause.CERTIFICATE_EXPIRED),
        ({"other": True}, Cause.CERTIFICATE_UNKNOWN_CA),
    ],
)
def test_a_real_broker_that_refuses_a_certificate(
    broker: Mosquitto, tmp_path: Path, changes: dict[str, Any], cause: Cause
) -> None:
    if "other" in changes:
        files = Authority(tmp_path / "other", "another authority").issue(DEVICE)
    else:
        files = broker.authority.issue(DEVICE, **changes)
    hub = tried(broker.config(files=files))
    assert hub.cause is cause, hub.status


def test_a_real_broker_on_its_plain_port_speaks_no_tls(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "hub") as broker:
        config = broker.config()
    with answering(lambda line: line.close()) as port:
        assert tried(config_of_again(config, port)).cause is Cause.NOT_TLS


def test_every_cause_has_words_in_both_languages_and_a_remedy_or_none_in_both() -> None:
    assert set(WORDS) == set(Cause)
    facts = {"place": "hub:8883", "host": "hub", "detail": "so and so", "device": "stall-17"}
    for cause in Cause:
        found = standing(cause, **facts)
        assert found.cause is cause
        assert any("가" <= letter <= "힣" for letter in found.why.ko)
        assert not any("가" <= letter <= "힣" for letter in found.why.en)
        ko, en, remedy_ko, remedy_en = WORDS[cause]
        assert bool(remedy_ko) == bool(remedy_en)
        for text in (ko, en, remedy_ko, remedy_en):
            gaps = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert gaps <= set(facts)
    assert replace(standing(Cause.CLOSED), cause=Cause.CLOSED) == standing(Cause.CLOSED)


def test_the_page_has_the_sentence_and_remedy_of_every_cause() -> None:
    page = (REPOSITORY / "docs/uplink.md").read_text("utf-8")
    shown = {"place": "HUB:8883", "host": "HUB", "detail": "…", "device": "DEVICE"}
    for cause in Cause:
        found = standing(cause, **shown)
        remedy = found.remedy.en if found.remedy is not None else ""
        assert f"| `{cause}` | {found.why.en} | {remedy} |" in page
