"""The installer's telephone: Chromium at a telephone's size, which finds the device by its name."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

from hw_mocks.peers.process import program

WIDTH, HIGH = 360, 740  # CSS pixels
_QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # the device's certificate is its own: an installer is asked, and says yes
    "--ignore-certificate-errors",
)
_ANSWER_S = 20.0
_SLOW_S = 300  # for a page of an emulated board


def serves_page(port: int) -> bool:
    """Whether a TLS server answers behind a forwarded port: QEMU itself accepts whatever comes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), _ANSWER_S) as link,
            context.wrap_socket(link),
        ):
            return True
    except OSError:
        return False


@contextmanager
def phone(profile: Path, name: str, port: int) -> Iterator[WebDriver]:
    """A browser for which the host `name` is port `port` of loopback."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium")
    rule = f"MAP {name}:443 127.0.0.1:{port}"
    for each in (*_QUIET, f"--user-data-dir={profile}", f"--host-resolver-rules={rule}"):
        options.add_argument(each)
    metrics = {"width": WIDTH, "height": HIGH, "pixelRatio": 2.0, "touch": True}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    browser = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    browser.set_page_load_timeout(_SLOW_S)
    browser.set_script_timeout(_SLOW_S)
    try:
        yield browser
    finally:
        browser.quit()
