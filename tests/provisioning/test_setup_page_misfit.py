"""The wrong profile on the setup page, in a real browser: it is told, and where to put it right."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hw_mocks.setup_rig import SetupRig
from tests.provisioning.phones import TALL, Phone

pytest.importorskip("selenium", reason="no selenium here: no browser is driven")

from hw_mocks.setup_walk import Installer, SetupWalk

GONE = ("ceiling", "plug_heat", "co", "particles", "microphone")
TOLD = {
    "ko": ("연결된 부품은", "쓰임을 다시 고르세요", "연결된 부품에 더 맞아요"),
    "en": ("The parts that are connected look more like", "choose again", "better"),
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SetupRig]:
    with SetupRig(tmp_path, profile="single-room", rate=20.0) as found:
        yield found


def words(handset: Phone) -> str:
    return str(handset.script("return document.querySelector('main').innerText"))


def test_another_profiles_parts_are_told_with_what_to_choose_in_both_languages(
    handset: Phone, rig: SetupRig
) -> None:
    def turned(knobs: Mapping[str, float]) -> object:
        return rig.ask(set=dict(knobs))

    handset.hold(TALL)
    installer = Installer("single-room")
    page = SetupWalk(handset.browser, rig.url, rig.code, installer, turned, patience_s=60.0)
    page.scan()
    page.do_identity()
    page.until(lambda: page.step() == "place", "place")
    page.do_place()
    page.until(lambda: page.step() == "profile", "profile")
    page.do_profile()
    page.until(lambda: page.step() == "sensors", "sensors")
    page.until(lambda: page.find('[data-sensor="plug_heat"][data-state="ok"]'), "it is heard")
    for name in GONE:
        rig.set(f"{name}.fault", "absent")
    page.until(lambda: TOLD["ko"][0] in words(handset), "it is told")
    assert TOLD["ko"][1] in words(handset)
    page.press("#language")
    page.until(lambda: TOLD["en"][0] in words(handset), "and in English")
    assert TOLD["en"][1] in words(handset)
    handset.script(
        "[...document.querySelectorAll('main button')]"
        ".find((each) => each.innerText.includes('hoose')).click()"
    )
    page.until(lambda: page.step() == "profile", "the button leads to the choice")
    page.until(lambda: TOLD["en"][2] in words(handset), "where the one that fits is marked")
    assert (handset.violations(), handset.cut_off()) == ([], [])
