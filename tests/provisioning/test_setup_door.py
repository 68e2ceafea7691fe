"""The setup page from outside: what it gives to whom, over TLS, and when it closes."""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hw_mocks.setup_rig import DEVICE, SetupRig
from provisioning.places import COMMISSIONED, SETUP_REQUEST, TAKEN_SEED
from provisioning.remedy import ProvisioningError
from provisioning.setup_page import redirect, server
from provisioning.setup_page.api import POSTS
from provisioning.setup_page.pages import LONGEST_BODY, static
from provisioning.setup_page.session import TRIES
from tests.provisioning.setting_up import Installer
from tests.running import until

GETS = ("/api/state", "/api/live", "/api/outline?camera=camera", "/record", "/certificate")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SetupRig]:
    with SetupRig(tmp_path_factory.mktemp("d")) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[SetupRig]:
    """One at which nobody has tried a code yet."""
    with SetupRig(tmp_path) as made:
        yield made


@pytest.fixture
def stranger(rig: SetupRig) -> Installer:
    return Installer(rig)


@pytest.fixture(scope="module")
def installer(rig: SetupRig) -> Installer:
    return Installer(rig).open()


@pytest.mark.parametrize("path", GETS)
def test_without_the_code_nothing_is_shown(stranger: Installer, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status, answer.json()["code"]) == (401, "code-needed")


@pytest.mark.parametrize("path", sorted(POSTS))
def test_without_the_code_nothing_is_done(stranger: Installer, path: str) -> None:
    assert stranger.refused(path)["status"] == 401
    assert not (stranger.rig.configuration / "setup" / "draft.json").exists()


def test_the_page_itself_is_for_anybody_and_says_nothing_of_the_device(
    stranger: Installer,
) -> None:
    assert set(static()) >= {"/", "/index.html", "/setup.js", "/setup.css", "/texts.js"}
    for path, (kind, content) in static().items():
        answer = stranger.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
        assert answer.content == content
        assert DEVICE.encode() not in content
        assert stranger.rig.code.encode() not in content


@pytest.mark.parametrize(
    "path", ["/../session.py", "/session.py", "/%2e%2e/seed.toml", "/api", "/api/none", "//etc"]
)
def test_no_other_file_is_served(installer: Installer, path: str) -> None:
    assert installer.get(path).json()["code"] == "not-here"


def test_every_answer_is_kept_to_this_page(installer: Installer) -> None:
    for path in ("/", "/api/state", "/nothing"):
        headers = installer.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Python" not in headers["Server"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_pages(fresh: SetupRig) -> None:
    stranger = Installer(fresh)
    answer = stranger.post("/api/session", {"code": stranger.rig.code})
    cookie = answer.headers["Set-Cookie"]
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert cookie.startswith("__Host-")
    assert stranger.rig.code not in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_another_page_can_do_nothing(installer: Installer, headers: dict[str, str]) -> None:
    answer = installer.post("/api/place", {"ko": "가", "en": "a"}, **headers)
    assert (answer.status, answer.json()["code"]) == (403, "foreign-page")
    assert installer.state()["place"]["en"] != "a"


def test_the_own_page_can(installer: Installer) -> None:
    host = urlsplit(installer.rig.url).port
    headers = {"Origin": f"https://127.0.0.1:{host}", "Sec_Fetch_Site": "same-origin"}
    assert installer.post("/api/place", {"ko": "가", "en": "a"}, **headers).status == 200


@pytest.mark.parametrize("cookie", ["", "__Host-haetae=", "__Host-haetae=x", "a=b", "=;;\x01"])
def test_a_cookie_that_nobody_gave_opens_nothing(stranger: Installer, cookie: str) -> None:
    assert stranger.ask("GET", "/api/state", Cookie=cookie).status == 401


def test_who_guesses_has_to_wait(fresh: SetupRig) -> None:
    stranger = Installer(fresh)
    for _ in range(TRIES):
        assert stranger.refused("/api/session", code="0" * 12)["code"] == "code-wrong"
    answer = stranger.post("/api/session", {"code": stranger.rig.code})
    assert (answer.status, answer.json()["code"]) == (429, "code-too-often")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["wait_s"] == int(answer.headers["Retry-After"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"code":5}', b'{"x":1}', b"\xff"])
def test_what_is_no_code_is_not_understood(stranger: Installer, body: bytes) -> None:
    answer = stranger.ask("POST", "/api/session", body, Content_Type="application/json")
    assert (answer.status, answer.json()["code"]) == (400, "not-understood")


@pytest.mark.parametrize("path", sorted(POSTS))
@pytest.mark.parametrize("body", [b"[]", b'{"none": 1}', b"{" * 5000])
def test_what_is_no_request_is_refused_and_breaks_nothing(
    installer: Installer, path: str, body: bytes
) -> None:
    answer = installer.ask("POST", path, body, Content_Type="application/json")
    assert (answer.status, answer.json()["code"]) == (400, "not-understood")


def test_a_body_that_is_too_long_is_not_read(installer: Installer) -> None:
    answer = installer.ask(
        "POST", "/api/place", Content_Type="application/json", Content_Length=str(LONGEST_BODY + 1)
    )
    assert answer.status == 413
    answer = installer.ask(
        "POST", "/api/place", Content_Type="application/json", Transfer_Encoding="chunked"
    )
    assert answer.status == 413


def place(rig: SetupRig) -> tuple[str, int]:
    return "127.0.0.1", urlsplit(rig.url).port or 0


def test_plain_text_and_old_tls_get_nothing(rig: SetupRig) -> None:
    with socket.create_connection(place(rig), 10) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with suppress(ConnectionError):
            assert b"HTTP" not in plain.recv(100)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(place(rig), 10) as raw, pytest.raises(OSError, match=r"(?i)ssl"):
        old.wrap_socket(raw)


def test_who_only_connects_holds_nobody_up(rig: SetupRig) -> None:
    idle = [socket.create_connection(place(rig), 10) for _ in range(10)]
    assert Installer(rig).get("/").status == 200
    for each in idle:
        each.close()


def test_the_page_closes_for_good_once_the_device_is_commissioned(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        (rig.configuration / COMMISSIONED).write_text("a record")
    opened: list[int] = []
    again = served(rig, ready=lambda port, _: opened.append(port))
    assert (again, opened) == (server.OK, [])


def served(rig: SetupRig, **more: Any) -> int:
    return server.serve(
        configuration=rig.configuration,
        run=rig.run,
        state=rig.state,
        address="127.0.0.1",
        port=0,
        **more,
    )


def test_the_button_opens_it_again_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        (rig.configuration / COMMISSIONED).write_text("a record")
    (rig.run / SETUP_REQUEST).write_text("the button was held\n")
    now, opened = [0.0], list[int]()

    def ready(port: int, _: object) -> None:
        opened.append(port)
        now[0] = server.ASKED_S - 1.0
        rig.url = f"https://127.0.0.1:{port}/"
        Installer(rig).open()  # which counts as use
        now[0] = 2 * server.ASKED_S

    assert served(rig, ready=ready, clock=lambda: now[0]) == server.OK
    assert opened
    assert not (rig.run / SETUP_REQUEST).exists()


def test_a_card_without_seed_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SetupRig(tmp_path) as rig:
        (rig.configuration / TAKEN_SEED).unlink()
    with pytest.raises(ProvisioningError, match="seed-unusable"):
        served(rig)
    arguments = ["--configuration", str(rig.configuration), "--run", str(rig.run), "--port", "0"]
    assert server.main(arguments) == server.FAILED
    assert "카드를 다시 만들어" in capsys.readouterr().err


def test_plain_http_leads_to_the_page() -> None:
    listening = redirect.listen("127.0.0.1", 0, 8443)
    port = listening.server_address[1]
    try:
        for host, wanted in (("haetae-x.local", "haetae-x.local"), ("a<b>", "127.0.0.1")):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            line.request("GET", "/generate_204", headers={"Host": host})
            answer = line.getresponse()
            assert answer.status == 302
            assert answer.headers["Location"] == f"https://{wanted}:8443/"
            line.close()
    finally:
        listening.shutdown()
        listening.server_close()


def test_no_secret_is_logged(fresh: SetupRig, caplog: pytest.LogCaptureFixture) -> None:
    Installer(fresh).open().do("/api/place", ko="비밀의 집", en="a secret home")
    Installer(fresh).refused("/api/session", code="WR0NG-C0DE-X")
    said = "\n".join(caplog.messages)
    for secret in (fresh.code, "secret home", "WR0NG", "PRIVATE KEY"):
        assert secret not in said


def test_only_hashes_of_the_code_are_kept(rig: SetupRig, installer: Installer) -> None:
    installer.do("/api/place", ko="가", en="a")
    spelled = re.compile("-?".join(rig.code))
    for path in rig.folder.rglob("*"):
        if path.is_file():
            assert not spelled.search(path.read_text("utf-8", "replace")), path


def test_readings_come_as_they_are_read(rig: SetupRig, installer: Installer) -> None:
    installer.choose("market-stall")
    line = installer.line()
    line.request("GET", "/api/live", headers={"Cookie": installer.cookie})
    answer = line.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream"
    rig.set("sos.pressed", 1)
    rig.set("sos.pressed", 0)
    seen = b""
    while b'"sos", "quantity": "BUTTON", "value": 1.0' not in seen:
        seen += answer.fp.readline()
    answer.close()
    line.close()
    assert rig.installation is not None
    live = rig.installation.live
    until(lambda: live.count() == 0, 30, "who hung up is forgotten")
