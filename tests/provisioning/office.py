"""A ward office for tests: a broker with WebSockets, the console's page, and one browser on it."""

import base64
import hashlib
import http.client
import json
import shutil
import ssl
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hw_mocks.broker import free_port
from tests import brokers
from tests.running import REPOSITORY, needs, until

pytest.importorskip("selenium", reason="no selenium here: no browser is driven")

from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

SITE = "test"
WIDE, NARROW = (1280, 900), (390, 844)
PASSWORD = "말-없는-비밀"  # not secret: it is made up here
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # it refuses to run as root otherwise, and CI often is
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=ko-KR",
)
DEMO = """
user loader
topic write haetae/v1/#
"""


class WebBroker(brokers.Mosquitto):
    """The broker with the console's listener, and the names that may sign in there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.web_port = free_port()
        fragment = (brokers.HUB_FILES / "mosquitto-console.conf").read_text("utf-8")
        values = {"console_port": self.web_port, "console_address": "127.0.0.1", "folder": folder}
        with (folder / "mosquitto.conf").open("a", encoding="utf-8") as config:
            config.write(string.Template(fragment).substitute(values))
        with (folder / "acl.conf").open("a", encoding="utf-8") as acl:
            acl.write(DEMO)
        (folder / "console.passwords").touch(mode=0o600)
        for name in ("console", "viewer"):
            subprocess.run(
                ("mosquitto_passwd", "-b", str(folder / "console.passwords"), name, PASSWORD),
                check=True, capture_output=True,
            )  # fmt: skip


class Loader:
    """Whoever plays devices by hand: publishes as any of them."""

    def __init__(self, broker: brokers.Mosquitto) -> None:
        certificate, key = broker.authority.issue("loader")
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="loader", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.tls_set(str(broker.authority.ca), str(certificate), str(key))
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        self._retained: set[str] = set()

    def forget(self) -> None:
        """Take back all that was retained, by the agent of a test too."""
        self._retained.add(f"haetae/v1/{SITE}/{brokers.DEVICE}/state")
        for topic in self._retained:
            self._client.publish(topic, b"", qos=1, retain=True)
        self._retained.clear()
        self.flush()

    def state(self, device: str, said: object, *, site: str = SITE) -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self._send(f"haetae/v1/{site}/{device}/state", body, retain=True)

    def event(
        self, device: str, record: dict[str, Any], *, site: str = SITE, **attributes: str
    ) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        named = {"specversion": "1.0", "id": record["id"], "simulated": "false"} | attributes
        properties.UserProperty = list(named.items())
        topic = f"haetae/v1/{site}/{device}/event/{record['hazard']}"
        self._send(topic, json.dumps(record).encode(), properties=properties)

    def raw(self, topic: str, body: bytes) -> None:
        self._send(topic, body)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _send(
        self, topic: str, body: bytes, *, retain: bool = False, properties: Properties | None = None
    ) -> None:
        if retain:
            self._retained.add(topic)
        self._client.publish(topic, body, qos=1, retain=retain, properties=properties)

    def flush(self) -> None:
        """Wait until the broker has all that was published."""
        self._client.publish("haetae/v1/test/loader/ack/flush", b"", qos=1).wait_for_publish(20)


@dataclass(frozen=True)
class Office:
    """Everything that stands in it; `address` is the page's."""

    broker: WebBroker
    loader: Loader
    browser: Chrome
    address: str

    def open(self, *, user: str = "console", size: tuple[int, int] = WIDE, page: str = "") -> None:
        """Open the page anew and sign in."""
        self.leave()
        self.browser.set_window_size(*size)
        until(lambda: self._is_loaded(page or self.address), 30, "the page asks who is there")
        self.sign_in(user)
        until(self.is_up, 10, "the page is connected")

    def _is_loaded(self, address: str) -> bool:
        """Load the page. Another test's network interface that comes or goes may interrupt it."""
        self.browser.get(address)
        try:
            WebDriverWait(self.browser, 3).until(lambda _: self.find("#login").is_displayed())
        except TimeoutException:
            return False
        return True

    def leave(self) -> None:
        """Close the page as somebody does who will not come back."""
        if self.browser.current_url.startswith("https"):
            self.script("sessionStorage.clear()")
            self.browser.get("about:blank")

    def sign_in(self, user: str, password: str = PASSWORD) -> None:
        self.find("#user").send_keys(user)
        self.find("#password").send_keys(password)
        self.find("#desk").send_keys("Jung-gu night desk")
        self.find("#login button").click()

    def is_up(self) -> bool:
        return bool(self.script("return document.body.dataset.link === 'up'"))

    def find(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        """Click what may just be exchanged for another, since its words have changed."""

        def pressed() -> bool:
            try:
                self.find(selector).click()
            except (NoSuchElementException, StaleElementReferenceException):
                return False
            return True

        until(pressed, 10, f"{selector} can be pressed")

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        found = self.script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return [str(each) for each in found]

    def script(self, text: str, *arguments: Any) -> Any:
        return self.browser.execute_script(text, *arguments)

    def module(self, name: str, text: str, *arguments: Any) -> Any:
        """Run `text` with the page's module as `m` and `given`; what it returns."""
        whole = (
            f"const done = arguments[arguments.length - 1]; const given = arguments[0];"
            f"import('./{name}').then(async (m) => {{ {text} }})"
            ".then((value) => done([true, value]), (error) => done([false, String(error)]))"
        )
        if not self.browser.current_url.startswith(self.address):
            self.browser.get(self.address)
        worked, value = self.browser.execute_async_script(whole, list(arguments))
        assert worked, value
        return value

    def complaints(self) -> list[dict[str, Any]]:
        """What the browser held against the page, but for the network."""
        found = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [e for e in found if e["level"] == "SEVERE" and e["source"] != "network"]

    def offset_s(self) -> tuple[float, float]:
        """What to add to the page's performance.now() (in s) for this process's monotonic clock.

        And by how much that may be wrong, in seconds: half of the quickest question and answer.
        """
        best = (0.0, float("inf"))
        for _ in range(30):
            asked = time.monotonic()
            page_s = self.script("return performance.now()") / 1000
            answered = time.monotonic()
            doubt = (answered - asked) / 2
            best = min(best, ((asked + answered) / 2 - page_s, doubt), key=lambda each: each[1])
        return best

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(path))


def script_file(name: str) -> str:
    """A script of these tests, for `Office.script` or `Office.module`."""
    return (Path(__file__).parent / name).read_text("utf-8")


@contextmanager
def served(broker: WebBroker, *options: str) -> Iterator[str]:
    """The page as a process of its own; where it says to open it."""
    folder = broker.authority.folder
    process = subprocess.Popen(
        [
            sys.executable, "-m", "provisioning.console", "--port", "0",
            "--broker", f"wss://localhost:{broker.web_port}/",
            "--certificate", str(folder / "server.pem"), "--key", str(folder / "server.key"),
            *options,
        ],
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        with process.stdout:
            line = process.stdout.readline()
            assert line.startswith("console: open https://127.0.0.1:"), line
            yield line.split()[-1].replace("127.0.0.1", "localhost")
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def chromium(folder: Path, trusted: Path) -> Iterator[Chrome]:
    """A browser that trusts the one server whose certificate is `trusted`."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium or no chromedriver here")
    key = x509.load_pem_x509_certificate(trusted.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    options = ChromeOptions()
    options.binary_location = program
    for flag in (
        *FLAGS,
        f"--user-data-dir={folder}",
        f"--ignore-certificate-errors-spki-list={pin}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=ChromeService(executable_path=driver))
    browser.set_script_timeout(20)
    try:
        yield browser
    finally:
        browser.quit()


@contextmanager
def opened(folder: Path) -> Iterator[Office]:
    """All of it, for as long as a `with` block lasts."""
    needs("mosquitto")
    with (
        WebBroker(folder / "hub") as broker,
        served(broker) as address,
        chromium(folder / "browser", broker.authority.folder / "server.pem") as browser,
    ):
        loader = Loader(broker)
        try:
            yield Office(broker, loader, browser, address)
        finally:
            loader.close()


def fetch(address: str, broker: WebBroker) -> tuple[int, dict[str, str], bytes]:
    """GET without a browser: status, headers and body."""
    found = urlsplit(address)
    context = ssl.create_default_context(cafile=str(broker.authority.ca))
    link = http.client.HTTPSConnection(found.hostname or "", found.port, context=context)
    try:
        link.request("GET", found.path or "/")
        answer = link.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        link.close()
