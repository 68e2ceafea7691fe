"""A telephone for tests: Chromium at a phone's size, with axe-core to judge what it shows."""

import base64
import importlib.resources
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.provisioning.office import FLAGS

pytest.importorskip("axe_playwright_python", reason="no axe-core here: nothing is judged")

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

TALL, SMALL = (360, 740), (320, 640)
TARGET_PX = 48
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_JUDGE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: {type: "tag", values: arguments[0]}, resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((each) => [each.id, each.nodes.map((node) => node.html)])),
  (error) => done([["axe", [String(error)]]]),
);
"""
_SMALL_TARGETS = """
const wanted = "button, a, summary, input:not([type=radio], [type=checkbox]), .choice, .outline";
return [...document.querySelectorAll(wanted)]
  .filter((each) => each.checkVisibility() && !each.matches(".skip"))
  .map((each) => [each.getBoundingClientRect(), each.outerHTML.slice(0, 90)])
  .filter(([box]) => box.width < arguments[0] || box.height < arguments[0])
  .map(([box, html]) => `${box.width} x ${box.height}: ${html}`);
"""
_LONGEST = 1100  # CSS pixels of a picture
_FROM = """
const top = document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY;
return [Math.max(0, top - 8), document.documentElement.scrollHeight - Math.max(0, top - 8)];
"""
_CUT_OFF = """
return [...document.querySelectorAll("body *")]
  .filter((each) => each.checkVisibility() && !each.closest(".skip, .unseen, svg"))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
  .map((each) => each.outerHTML.slice(0, 90));
"""


@dataclass(frozen=True, slots=True)
class Phone:
    """The browser, and what can be found wrong with what it shows."""

    browser: Chrome

    def hold(self, size: tuple[int, int]) -> None:
        """Have a screen of that size, in CSS pixels."""
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": True}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)

    def darken(self, *, is_dark: bool) -> None:
        """Have the telephone's dark colours, or its light ones."""
        colours = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[colours])

    def zoom_text(self, percent: int) -> None:
        """Larger letters, as the telephone's own setting makes them; 100: as usual."""
        self.script(
            "document.documentElement.style.fontSize = arguments[0]",
            f"{1.125 * percent}%" if percent != 100 else "",
        )

    def violations(self) -> list[Any]:
        """What axe-core holds against the page: rules, each with the elements."""
        if not self.script("return Boolean(window.axe)"):
            self.script(_AXE)
        return list(self.browser.execute_async_script(_JUDGE, _RULES))

    def small_targets(self) -> list[str]:
        """What is hard to press with a wet thumb."""
        return list(self.script(_SMALL_TARGETS, TARGET_PX))

    def cut_off(self) -> list[str]:
        """What reaches beyond the right edge, so that somebody would have to scroll sideways."""
        return list(self.script(_CUT_OFF))

    def complaints(self) -> list[str]:
        """What the browser held against the page, but for answers that are no success."""
        found = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [e["message"] for e in found if e["level"] == "SEVERE" and e["source"] != "network"]

    def show(self, name: str, of: str = "body") -> None:
        """Keep a picture where `HAETAE_PICTURES` says, if it does, by this name.

        It shows the page from the top of an element on, a screen and a half at most.
        """
        if (folder := os.environ.get("HAETAE_PICTURES")) is None:
            return
        from PIL import Image  # noqa: PLC0415  # only where pictures are asked for

        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        box = self.script(_FROM, of)
        clip = {"x": 0, "y": box[0], "width": TALL[0], "height": min(box[1], _LONGEST), "scale": 1}
        taken = self.command(
            "Page.captureScreenshot", captureBeyondViewport=True, format="png", clip=clip
        )
        path.write_bytes(base64.b64decode(taken["data"]))
        with Image.open(path) as whole:
            whole.convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(path, optimize=True)

    def script(self, text: str, *arguments: Any) -> Any:
        return self.browser.execute_script(text, *arguments)

    def command(self, name: str, **arguments: Any) -> Any:
        return self.browser.execute_cdp_cmd(name, arguments)


@contextmanager
def phone(folder: Path) -> Iterator[Phone]:
    """A telephone that opens the device's page though nobody vouches for its certificate."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium or no chromedriver here")
    options = ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.accept_insecure_certs = True
    size = {"width": TALL[0], "height": TALL[1], "pixelRatio": 1.0, "touch": True}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": size})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=ChromeService(executable_path=driver))
    browser.set_script_timeout(20)
    try:
        yield Phone(browser)
    finally:
        browser.quit()
