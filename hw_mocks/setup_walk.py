"""Somebody who sets a device up by its setup page: a browser, and a hand on the simulated parts.

Every step is done as on a telephone, by what the page shows; `turn` moves knobs of the simulated
parts, as in `{"sos.pressed": 1}`. Nothing here waits for a time: only for what is seen, and for
`patience_s` at most. Needs selenium.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from hw_mocks.setup_stimuli import STIMULI, Stimulus

Knobs = Callable[[Mapping[str, float]], object]

_POLL_S = 0.05
_GONE = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
_STATE = (
    "const done = arguments[arguments.length - 1];"
    "fetch('/api/state').then((answer) => answer.json()).then(done, () => done(null))"
)
_CORNERS = ((4, 4), (14, 4), (14, 12), (4, 12))  # cells of the outline


@dataclass(frozen=True, slots=True)
class Installer:
    """What somebody tells the page."""

    profile: str
    place: tuple[str, str] = ("해태시장 3번 골목 17호", "Haetae Market, alley 3, stall 17")
    person: tuple[str, str] = ("김영희", "010-1234-5678")
    name: str = "박철수"
    consents: Sequence[str] = ("contacts",)


class SetupWalk:
    """One walk through the page at `address`, as `installer`.

    `seen` is called with the name of each screen while it is shown, for pictures and checks.
    """

    def __init__(  # noqa: PLR0913  # who, where, with what
        self,
        browser: WebDriver,
        address: str,
        code: str,
        installer: Installer,
        turn: Knobs,
        *,
        seen: Callable[[str], object] = lambda _: None,
        patience_s: float = 30.0,
    ) -> None:
        self._browser, self._address, self._code = browser, address.rstrip("/"), code
        self._installer, self._turn, self._seen = installer, turn, seen
        self._patience_s = patience_s
        self._mutes = mutes(installer.profile)
        self.outcomes: dict[str, str] = {}  # by sensor

    # ------------------------------------------------------------------ the whole of it

    def walk(self, language: str = "ko") -> None:
        """Every step from the label's code to the signed record.

        Raises:
            TimeoutException: Something did not come about in time; the message names it.
        """
        self.scan()
        if self.language() != language:
            self.press("#language")
        steps = [self.step()]
        while steps[-1] != "done":
            getattr(self, f"do_{steps[-1]}")()
            self.until(lambda: self.step() != steps[-1], f"what follows {steps[-1]}")
            self.settled()
            steps.append(self.step())
        self._seen("done")

    def scan(self) -> None:
        """Open the page as the label's QR code does."""
        self._browser.get("about:blank")  # the same page with another fragment would not be loaded
        self._browser.get(f"{self._address}/#{self._code}")
        self.until(lambda: self.step() not in {"starting", "code"}, "the code opens the page")
        self.settled()

    # ------------------------------------------------------------------ the steps

    def do_identity(self) -> None:
        """Wait until the device has its certificate."""
        self._seen("identity")
        self.until(self.is_done, "the device is enrolled")
        self.press("#next")

    def do_place(self) -> None:
        """Say where it stands."""
        self.type("#place-ko", self._installer.place[0])
        self.type("#place-en", self._installer.place[1])
        self._seen("place")
        self.press("#next")

    def do_profile(self) -> None:
        """Choose what it is for; the agent begins anew."""
        self.press(f'label[for="profile-{self._installer.profile}"]')
        self._seen("profile")
        self.press("#next")

    def do_sensors(self) -> None:
        """Provoke each sensor; what failed is tried once more, and then skipped.

        Once more, since a muted camera is switched on by the trial of its button.
        """
        self.until(lambda: self.find('[data-sensor][data-state="ok"]'), "the sensors answer")
        self._seen("sensors")
        for _ in range(2):
            for sensor in self.sensors():
                if sensor["trial"]["state"] not in {"passed", "skipped"}:
                    stimulus = STIMULI[sensor["driver"]].from_now(sensor.get("value"))
                    self._try_and_put_back(sensor["name"], stimulus)
        for sensor in self.sensors():
            if sensor["trial"]["state"] == "failed":
                self.skip(sensor["name"], "tool")
        self._seen("sensors-done")
        self.press("#next")

    def do_zones(self) -> None:
        """Draw one bed on each camera's outline, by taps; or say that there is none."""
        for board in self._browser.find_elements(By.CSS_SELECTOR, ".outline"):
            self._draw(board)
        self._seen("zones")
        self.press("#next")

    def _draw(self, board: WebElement) -> None:
        camera = str(board.get_attribute("id")).removeprefix("outline-")
        self.until(lambda: board.find_element(By.CSS_SELECTOR, ".edge"), f"{camera} has an outline")
        for corner in _CORNERS:
            self.tap(board, corner)
        self._seen("zones-drawing")
        self.press(f"#finish-{camera}")

    def do_noise(self) -> None:
        """Be quiet until it has measured."""
        self._seen("noise")
        self.press("#start-noise")
        self.until(lambda: self._is_measuring() or self.is_done(), "the noise is measured")
        self._seen("noise-running")
        self.until(self.is_done, "the noise is known")
        self._seen("noise-done")
        self.press("#next")

    def do_network(self) -> None:
        """Have the way to the hub checked."""
        self.press("#check-network")
        self.until(self.is_done, "the hub answers")
        self._seen("network")
        self.press("#next")

    def do_contacts(self) -> None:
        """Give one person to call, confirmed today."""
        if not self.is_done():
            self.type("#person", self._installer.person[0])
            self.type("#phone", self._installer.person[1])
            self._seen("contacts")
            self.press("#add-person")
            self.until(self.is_done, "the person is kept")
        self._seen("contacts-done")
        self.press("#next")

    def do_commission(self) -> None:
        """Sign it."""
        self.type("#installer", self._installer.name)
        for each in self._installer.consents:
            self.press(f'label[for="consent-{each}"]')
        self._seen("commission")
        self.press("#next")

    # ------------------------------------------------------------------ one sensor

    def try_out(self, name: str, stimulus: Stimulus) -> str:
        """Bring a sensor to rest, begin its trial, and do what it asks for; how it ended."""
        self.until(lambda: self._sensor_state(name) != "waiting", f"{name} is ready")
        self.turn(name, stimulus.rest)
        if stimulus.is_gradual and self._sensor_state(name) == "ok":
            self.heard(name, 1)
        self.press(f"#test-{name}")
        self.until(lambda: not self._is_busy() and self.trial(name) != "untried", f"{name} begins")
        self._seen(f"try-{name}")
        for step in stimulus.steps:
            if self.trial(name) != "running":
                break
            self.turn(name, step)
            self.heard(name, 2)
        self.until(lambda: self.trial(name) != "running", f"the trial of {name} ends")
        self.outcomes[name] = self.trial(name)
        return self.outcomes[name]

    def _try_and_put_back(self, name: str, stimulus: Stimulus) -> None:
        """Try a sensor out, and press a button once more that has switched a camera off by it."""
        cameras = [c for c in self._mutes.get(name, ()) if self._sensor_state(c) == "ok"]
        if self.try_out(name, stimulus) != "passed" or not cameras:
            return
        self.until(lambda: self._sensor_state(cameras[0]) != "ok", f"{cameras[0]} is switched off")
        for step in stimulus.steps:
            self.turn(name, step)
        self.until(lambda: self._sensor_state(cameras[0]) == "ok", f"{cameras[0]} is switched on")

    def skip(self, name: str, reason: str) -> None:
        """Skip a sensor for one of the reasons that the page knows."""
        self.press(f'[data-sensor="{name}"] .skipping > summary')
        self.press(f'label[for="skip-{name}-{reason}"]')
        self.press(f'[data-sensor="{name}"] .skipping > button')
        self.until(lambda: self.trial(name) == "skipped", f"{name} is skipped")
        self.outcomes[name] = "skipped"

    def turn(self, name: str, knobs: Mapping[str, float]) -> None:
        """Turn knobs of one part."""
        if knobs:
            self._turn({f"{name}.{knob}": value for knob, value in knobs.items()})

    def heard(self, name: str, count: int) -> None:
        """Wait for readings of a sensor: so many, or another value, or the end of its trial."""
        before = self._heard(name)

        def has_heard() -> bool:
            now = self._heard(name)
            return int(now[0]) >= int(before[0]) + count or now[1:] != before[1:]

        self.until(has_heard, f"{name} is heard")

    def trial(self, name: str) -> str:
        """How its trial stands, as the page has it."""
        return str(self.find(f'[data-sensor="{name}"]').get_attribute("data-trial"))

    def _is_measuring(self) -> bool:
        return self.find("#noise-running").is_displayed()

    def _sensor_state(self, name: str) -> str:
        return str(self.find(f'[data-sensor="{name}"]').get_attribute("data-state"))

    def _heard(self, name: str) -> tuple[str, str, str]:
        card = self.find(f'[data-sensor="{name}"]')
        count = card.get_attribute("data-heard") or "0"
        value = card.find_element(By.CSS_SELECTOR, ".value").text
        return count, value, str(card.get_attribute("data-trial"))

    # ------------------------------------------------------------------ what is seen and pressed

    def step(self) -> str:
        """Which screen is shown."""
        return str(self.find("body").get_attribute("data-step"))

    def language(self) -> str:
        """The page's language."""
        return str(self.find("html").get_attribute("lang"))

    def state(self) -> Any:
        """What the device says of itself; empty while it does not answer."""
        return self._browser.execute_async_script(_STATE) or {}

    def sensors(self) -> list[dict[str, Any]]:
        """The device's sensors."""
        return list(self.state().get("sensors", []))

    def is_done(self) -> bool:
        """Whether the page has it from the device that the step on the screen is done."""
        return self.find("body").get_attribute("data-done") == "yes"

    def settled(self) -> None:
        """Wait until a new screen takes presses: a double tap's second half is not for it."""
        self.until(lambda: self.find("body").get_attribute("data-settled") == "yes", "a calm page")

    def find(self, selector: str) -> WebElement:
        """The first such element."""
        return self._browser.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        """Press what may still be busy, or be exchanged for another as its words change."""

        def is_pressed() -> bool:
            found = self.find(selector)
            if found.get_attribute("aria-disabled") == "true" or self._is_busy():
                return False
            if self.find("body").get_attribute("data-settled") == "no":
                return False
            self._centre(found)
            found.click()
            return True

        self.until(is_pressed, f"{selector} can be pressed")

    def tap(self, board: WebElement, cell: tuple[int, int]) -> None:
        """Tap a corner of the outline's cells, 32 across and 24 down."""
        corners = len(board.find_elements(By.CSS_SELECTOR, ".corner"))
        self._centre(board)
        box = board.rect
        across, down = cell[0] / 32 - 0.5, cell[1] / 24 - 0.5
        hand = ActionChains(self._browser)
        hand.move_to_element_with_offset(board, box["width"] * across, box["height"] * down)
        hand.click().perform()
        wanted = corners + 1
        self.until(
            lambda: len(board.find_elements(By.CSS_SELECTOR, ".corner")) == wanted, "a corner"
        )

    def type(self, selector: str, words: str) -> None:
        """Put words in a field, instead of what is there."""
        found = self.find(selector)
        found.clear()
        found.send_keys(words)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so, looking again and again."""
        wait = WebDriverWait(self._browser, self._patience_s, _POLL_S, ignored_exceptions=_GONE)
        wait.until(lambda _: condition(), f"not within {self._patience_s:g} s: {what}")

    def _centre(self, found: WebElement) -> None:
        """Bring something to the middle of the screen, as a thumb does."""
        self._browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)

    def _is_busy(self) -> bool:
        return self.find("body").get_attribute("aria-busy") == "true"


def mutes(profile: str) -> Mapping[str, Sequence[str]]:
    """Which cameras each button of a profile switches off and on."""
    path = resources.files("provisioning") / "profiles" / f"{profile}.toml"
    found: dict[str, list[str]] = {}
    for each in tomllib.loads(path.read_text("utf-8"))["sensors"]:
        if "mute" in each:
            found.setdefault(each["mute"], []).append(each["name"])
    return found
