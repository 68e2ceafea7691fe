"""How the setup page is used when all does not go well, or not by a finger, in a real browser."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw_mocks.setup_rig import DEVICE, SetupRig
from hw_mocks.setup_stimuli import STIMULI
from provisioning.places import COMMISSIONED, SETUP_REQUEST
from provisioning.reset_request import ON_DEVICE, device_in
from tests.provisioning.phones import SMALL, TALL, Phone

pytest.importorskip("selenium", reason="no selenium here: no browser is driven")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from hw_mocks.setup_walk import Installer, SetupWalk

PROFILES = Path(__file__).parents[2] / "provisioning" / "profiles"
OFF = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SetupRig]:
    with SetupRig(tmp_path, profile="farm-perimeter", rate=20.0) as found:
        yield found


@pytest.fixture
def page(handset: Phone, rig: SetupRig) -> SetupWalk:
    """Somebody before the device, who has not opened the page yet."""
    handset.hold(TALL)
    handset.complaints()
    turn = lambda knobs: rig.ask(set=dict(knobs))  # noqa: E731  # a hand
    installer = Installer("farm-perimeter")
    return SetupWalk(handset.browser, rig.url, rig.code, installer, turn, patience_s=30.0)


def text(page: SetupWalk, selector: str) -> str:
    return page.find(selector).text


def shows(page: SetupWalk, selector: str, words: str) -> None:
    page.until(lambda: words in text(page, selector), f"{selector}: {words}")


def press_keys(handset: Phone, *keys: str) -> None:
    ActionChains(handset.browser).send_keys(*keys).perform()


def tab_to(handset: Phone, selector: str) -> None:
    """Go there by the tab key alone; it must then be seen where one is."""
    here = "return document.activeElement.matches(arguments[0])"
    for _ in range(120):
        if handset.script(here, selector):
            break
        press_keys(handset, Keys.TAB)
    outline = (
        "const style = getComputedStyle(document.activeElement.closest('.choice') ??"
        " document.activeElement);"
        "return document.activeElement.matches(arguments[0])"
        " && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2"
    )
    assert handset.script(outline, selector), f"{selector} is not reached, or not seen to be"


def open_by_typing(page: SetupWalk, handset: Phone, rig: SetupRig, code: str) -> None:
    handset.browser.get("about:blank")
    handset.browser.get(rig.url)
    page.until(lambda: page.step() == "code", "the page asks for the code")
    page.settled()
    page.type("#code", code)


def test_a_wrong_code_is_told_with_what_to_do_and_when_it_may_be_tried_again(
    page: SetupWalk, handset: Phone, rig: SetupRig
) -> None:
    open_by_typing(page, handset, rig, "")
    handset.show("code-ko")
    page.press("#next")
    shows(page, "#errors", "꼭 적어 주세요.")
    assert page.find("#code").get_attribute("aria-invalid") == "true"
    assert (handset.violations(), handset.small_targets(), handset.cut_off()) == ([], [], [])
    page.type("#code", "aaaa bbbb cccc")
    assert page.find("#code").get_attribute("value") == "AAAA-BBBB-CCCC"
    for _ in range(5):
        page.press("#next")
        shows(page, "#errors", "설치 코드가 맞지 않아요.")
        handset.script("document.getElementById('errors').replaceChildren()")
    page.press("#next")
    shows(page, "#errors", "초 뒤에 다시 할 수 있어요.")
    assert handset.violations() == []
    assert handset.script("return document.activeElement.id") == "errors"


def test_the_code_leaves_the_address_bar_and_opens_in_any_spelling(
    page: SetupWalk, handset: Phone, rig: SetupRig
) -> None:
    page.scan()
    assert page.step() == "identity"
    assert handset.browser.current_url == rig.url
    assert rig.code not in str(handset.script("return JSON.stringify([history.length, location])"))
    handset.command("Network.clearBrowserCookies")
    shows(page, "#errors", "오랫동안 쓰지 않아 닫혔어요.")
    assert page.step() == "code"
    page.settled()
    page.type("#code", f" {rig.code[:4].lower()} {rig.code[4:]}")
    page.press("#next")
    page.until(lambda: page.step() == "identity", "it goes on where it was")


def test_a_reload_and_a_lost_connection_lose_no_step(
    page: SetupWalk, handset: Phone, rig: SetupRig
) -> None:
    page.scan()
    page.press("#next")
    page.until(lambda: page.step() == "place", "the second step")
    page.settled()
    page.type("#place-ko", "동문 밖 첫째 집")
    page.press("#language")
    assert page.find("#place-ko").get_attribute("value") == "동문 밖 첫째 집"  # typed once
    page.press("#next")
    page.until(lambda: page.step() == "profile", "the third step")
    handset.zoom_text(200)
    handset.show("letters-en")
    handset.browser.refresh()
    page.until(lambda: page.step() == "profile", "the same step")
    assert page.language() == "en"
    handset.command("Network.enable")
    handset.command("Network.emulateNetworkConditions", **OFF)
    shows(page, "#link", "The connection to the device is lost.")
    assert handset.violations() == []
    handset.show("lost-en")
    handset.command("Network.emulateNetworkConditions", **(OFF | {"offline": False}))
    page.until(lambda: text(page, "#link") == "", "it comes back by itself")
    shows(page, "#said", "Connected to the device again.")


def test_a_field_is_set_up_by_keyboard_alone(
    page: SetupWalk, handset: Phone, rig: SetupRig
) -> None:
    open_by_typing(page, handset, rig, "")
    tab_to(handset, "#code")
    press_keys(handset, rig.code, Keys.ENTER)
    for step in ("identity", "place"):
        page.until(lambda s=step: page.step() == s, step)  # type: ignore[misc]
        page.settled()
        tab_to(handset, "#next")
        press_keys(handset, Keys.ENTER)
    page.until(lambda: page.step() == "profile", "profile")
    page.settled()
    tab_to(handset, "#profile-farm-perimeter")
    tab_to(handset, "#next")
    press_keys(handset, Keys.ENTER)
    page.until(lambda: page.step() == "sensors", "sensors")
    page.until(lambda: page.find('[data-sensor="sos"][data-state="ok"]'), "the button is heard")
    tab_to(handset, "#test-sos")
    press_keys(handset, Keys.ENTER)
    page.until(lambda: page.trial("sos") == "running", "its test")
    shows(page, '[data-sensor="sos"] .prompt', "단추를 한 번 눌렀다가 바로 떼세요.")
    assert handset.script("return document.activeElement.id") == "test-sos"
    page.turn("sos", {"pressed": 1})
    page.turn("sos", {"pressed": 0})
    page.until(lambda: page.trial("sos") == "passed", "it passes")
    shows(page, "#said", "합격")
    draw_by_keyboard(page, handset)


def draw_by_keyboard(page: SetupWalk, handset: Phone) -> None:
    handset.script("document.querySelector('#progress summary').focus()")
    press_keys(handset, Keys.ENTER)
    tab_to(handset, "#steps li:nth-child(5) button")
    press_keys(handset, Keys.ENTER)
    page.until(lambda: page.step() == "zones", "zones")
    page.until(lambda: page.find(".outline .edge"), "the outline has come")
    page.settled()
    tab_to(handset, ".outline")
    right, down = Keys.ARROW_RIGHT * 6, Keys.ARROW_DOWN * 4
    press_keys(handset, Keys.ENTER, right, Keys.ENTER, down, Keys.ENTER, down, Keys.ENTER)
    shows(page, "#screen", "귀퉁이 4곳")
    tab_to(handset, "#undo-camera")
    press_keys(handset, Keys.ENTER)
    shows(page, "#screen", "귀퉁이 3곳")
    tab_to(handset, "#finish-camera")
    press_keys(handset, Keys.ENTER)
    shows(page, "#screen", "1. 침대 1")
    handset.show("zones-ko", "#screen")
    handset.darken(is_dark=True)
    handset.show("zones-dark-ko", ".plan")
    handset.darken(is_dark=False)
    tab_to(handset, "#next")
    press_keys(handset, Keys.ENTER)
    page.until(lambda: page.step() == "network", "it is kept")
    assert handset.complaints() == []


def test_a_sensor_that_is_missing_is_told_and_skipped_with_a_reason(
    page: SetupWalk, handset: Phone, rig: SetupRig
) -> None:
    page.scan()
    page.do_identity()
    page.until(lambda: page.step() == "place", "place")
    page.do_place()
    page.until(lambda: page.step() == "profile", "profile")
    page.do_profile()
    page.until(lambda: page.step() == "sensors", "sensors")
    shows(page, "#link", "기기가 다시 시작하고 있어요.")
    page.until(lambda: text(page, "#link") == "", "the agent is there again")
    page.until(lambda: page.find('[data-sensor="radar"][data-state="ok"]'), "the radar is heard")
    rig.set("radar.fault", "absent")
    page.until(lambda: page.find('[data-sensor="radar"]:not([data-state="ok"])'), "it is missed")
    page.press("#test-radar")
    page.until(lambda: page.trial("radar") == "failed", "its test fails at once")
    shows(page, '[data-sensor="radar"] .result', "배선")
    handset.show("missing-ko", '[data-sensor="radar"]')
    page.press("#next")
    page.settled()
    page.press('#errors a[href="#test-radar"]')
    assert handset.script("return document.activeElement.id") == "test-radar"
    page.press('[data-sensor="radar"] .skipping > summary')
    page.press('[data-sensor="radar"] .skipping > button')
    shows(page, "#skip-radar-error", "꼭 적어 주세요.")
    assert (handset.violations(), handset.small_targets(), handset.cut_off()) == ([], [], [])
    page.press('label[for="skip-radar-absent"]')
    page.press('[data-sensor="radar"] .skipping > button')
    page.until(lambda: page.trial("radar") == "skipped", "it is skipped")
    shows(page, '[data-sensor="radar"] .result', "부품이 상자에 없어요")


def seen(handset: Phone, name: str) -> None:
    """Judge a screen as the walk does, and keep its picture."""
    assert (handset.violations(), handset.small_targets(), handset.cut_off()) == ([], [], [])
    handset.darken(is_dark=True)
    assert handset.violations() == []
    handset.darken(is_dark=False)
    handset.hold(SMALL)
    handset.zoom_text(200)
    assert handset.cut_off() == []
    handset.zoom_text(100)
    handset.hold(TALL)
    handset.show(name)


def test_a_device_in_use_is_reset_by_its_number_alone_in_both_languages(
    page: SetupWalk, handset: Phone, rig: SetupRig
) -> None:
    (rig.configuration / COMMISSIONED).write_text("a record")
    (rig.run / SETUP_REQUEST).write_text("the button was held\n")
    page.scan()
    page.press("#progress summary")
    page.press("#steps li:last-child button")
    page.until(lambda: page.step() == "commission", "the last step")
    page.settled()
    shows(page, "#reset", "이 기기 초기화")
    page.press("#reset-open")
    page.until(lambda: page.step() == "reset", "what will be gone")
    page.settled()
    shows(page, "#screen", "연락할 사람의 이름과 번호")
    seen(handset, "reset-ko")
    page.type("#reset-device", "stall-08")
    page.press("#reset-do")
    shows(page, "#errors", f"기기 번호 {DEVICE} 그대로 적어 주세요.")
    assert page.find("#reset-device").get_attribute("aria-invalid") == "true"
    assert handset.violations() == []
    assert not (rig.configuration / ON_DEVICE).exists()
    tab_to(handset, "#reset-device")
    page.type("#reset-device", DEVICE)
    press_keys(handset, Keys.ENTER)
    shows(page, "#screen", "전원을 뽑았다가 다시 꽂아 주세요.")
    assert device_in(rig.configuration / ON_DEVICE) == DEVICE
    page.press("#language")
    shows(page, "#screen", "Please pull the plug and put it back.")
    seen(handset, "reset-asked-en")
    page.press("#reset-not")
    shows(page, "#screen", "Names and numbers of the people to call")
    seen(handset, "reset-en")
    assert not (rig.configuration / ON_DEVICE).exists()
    assert handset.complaints() == []
    page.press("#reset-back")
    page.until(lambda: page.step() == "commission", "back again")
    page.press("#language")


def test_every_part_of_every_profile_can_be_provoked() -> None:
    for path in PROFILES.glob("*.toml"):
        parts = tomllib.loads(path.read_text("utf-8"))["sensors"]
        assert {each["driver"] for each in parts} <= set(STIMULI), path.name
