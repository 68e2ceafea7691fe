"""How the console is served: a few files that never change, and nothing else."""

import json
from pathlib import Path

import pytest

from provisioning import console
from tests.provisioning.office import Office, fetch

BROKER = "wss://hub.example:8884/"


def refused(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert console.main(["--broker", BROKER, "--port", "0", *arguments]) == 78
    return capsys.readouterr().err


def test_the_page_comes_with_what_forbids_all_but_our_own_files_and_this_broker(
    office: Office,
) -> None:
    status, headers, body = fetch(office.address, office.broker)
    assert status == 200
    assert b"<script type=" in body
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert f"connect-src 'self' wss://localhost:{office.broker.web_port};" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Python" not in headers.get("Server", "")


@pytest.mark.parametrize(
    "path", ["../../acl.conf", "%2e%2e/mosquitto.conf", "/etc/passwd", "nothing", "console.py"]
)
def test_nothing_else_is_served(office: Office, path: str) -> None:
    status, headers, _ = fetch(office.address + path, office.broker)
    assert status == 404
    assert "Content-Security-Policy" in headers


def test_no_file_of_the_page_names_another_place(office: Office) -> None:
    folder = Path(console.__file__).parent / "hub" / "console"
    for path in folder.iterdir():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "https://" not in text
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, path.name


def test_the_config_is_what_the_page_needs_and_no_more(office: Office) -> None:
    _, _, body = fetch(office.address + "config.json", office.broker)
    assert json.loads(body) == {
        "broker": f"wss://localhost:{office.broker.web_port}/",
        "language": "ko",
        "silent_after_s": 225.0,
        "places": {"plan": "", "devices": {}},
    }


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--address", "0.0.0.0"], "needs --certificate"),
        (["--broker", "ws://hub.example/"], "plain text is for loopback"),
        (["--broker", "https://hub.example/"], "wss://HOST:PORT/"),
        (["--broker", "wss://user:secret@hub.example/"], "wss://HOST:PORT/"),
        (["--broker", "wss://hub.example; script-src *"], "no address has"),
        (["--silent-after-s", "9000"], "BS 5839-1"),
        (["--port", "99999"], "99999"),
        (["--certificate", "missing.pem"], "No such file"),
        (["--places", "missing.json"], "missing.json"),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_remedy(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why in refused(*arguments, capsys=capsys)


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ({"devices": {"a": {"ko": "가", "en": "A"}}}, "site/device"),
        ({"devices": {"a/b": {"ko": "가", "en": "A", "x": 0.5}}}, "x and y or neither"),
        ({"devices": {"a/b": {"ko": "가", "en": "A", "x": 2, "y": 0}}}, "<= 1.0"),
        ({"devices": {"a/b": {"ko": "가"}}}, "`en`"),
        ({"plan": "../secret.svg"}, "in the same folder"),
        ({"plan": "page.html"}, "in the same folder"),
        ({"plan": "missing.svg"}, "missing.svg"),
    ],
)
def test_places_that_cannot_be_shown_are_refused(
    places: object, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "places.json"
    file.write_text(json.dumps(places), "utf-8")
    assert why in refused("--places", str(file), capsys=capsys)
