"""A whole installation in a real browser, with the real page, the real agent and a real hub."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import jws
from hw_mocks.setup_rig import SetupRig
from hw_mocks.tls_broker import TlsBroker, tls_broker
from provisioning.places import COMMISSIONED, CONTACTS, DEVICE_TOML
from tests.provisioning.phones import SMALL, TALL, Phone
from tests.running import needs

pytest.importorskip("selenium", reason="no selenium here: no browser is driven")

from hw_mocks.setup_walk import Installer, SetupWalk

RATE = 20.0  # times as fast as life
FETCHED = (
    "return fetch(arguments[0]).then((found) => [found.status, found.headers.get('Content-Type')])"
)
FROM = "[data-trial=running], body:not(:has([data-trial=running]))"  # pictures begin there
SHOWN = {
    "identity": "identity", "place": "place", "profile": "profile", "sensors": "sensors",
    "try-sos": "try", "sensors-done": "tried", "zones": "zones", "noise-done": "noise",
    "network": "network", "contacts-done": "contacts", "commission": "commission", "done": "done",
}  # fmt: skip


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    needs("mosquitto")
    with tls_broker(tmp_path_factory.mktemp("hub")) as found:
        yield found


class Judge:
    """Looks at each screen as it is shown: small, with large letters, and in both languages.

    The other language than that of the walk is seen in dark colours.
    """

    def __init__(self, phone: Phone, language: str) -> None:
        self.phone, self.language = phone, language
        self.screens: set[str] = set()

    def see(self, screen: str) -> None:
        kind = screen.partition("-")[0] if screen.startswith("try-") else screen
        if kind not in self.screens:
            self.screens.add(kind)
            for is_other in (False, True):
                self.phone.darken(is_dark=is_other)
                self._look(screen)
                self._speak_the_other()
            self.phone.darken(is_dark=False)
        if screen in SHOWN:
            self.phone.show(f"{SHOWN[screen]}-{self.language}", FROM)

    def _look(self, screen: str) -> None:
        where = f"{screen}, {self.phone.script('return document.documentElement.lang')}"
        assert self.phone.violations() == [], where
        assert self.phone.small_targets() == [], where
        self.phone.hold(SMALL)
        assert self.phone.cut_off() == [], where
        self.phone.zoom_text(200)
        assert self.phone.cut_off() == [], where
        self.phone.zoom_text(100)
        self.phone.hold(TALL)

    def _speak_the_other(self) -> None:
        self.phone.script("document.getElementById('language').click()")


def walk_through(
    phone: Phone, rig: SetupRig, profile: str, language: str, judge: Judge
) -> SetupWalk:
    phone.hold(TALL)
    walk = SetupWalk(
        phone.browser, rig.url, rig.code, Installer(profile),
        lambda knobs: rig.ask(set=dict(knobs)), seen=judge.see, patience_s=60.0,
    )  # fmt: skip
    walk.walk(language)
    return walk


def record(rig: SetupRig) -> dict[str, Any]:
    return dict(json.loads(jws.payload_of((rig.configuration / COMMISSIONED).read_bytes())))


def test_an_installer_takes_a_flat_from_the_code_to_the_signed_record_in_korean(
    handset: Phone, hub: TlsBroker, tmp_path: Path
) -> None:
    judge = Judge(handset, "ko")
    with SetupRig(tmp_path, profile="market-stall", broker=hub, rate=RATE) as rig:
        walk = walk_through(handset, rig, "apartment-noise", "ko", judge)
        assert handset.complaints() == []
        assert handset.script(FETCHED, "/certificate") == [200, "text/html; charset=utf-8"]
        assert handset.script(FETCHED, "/record") == [200, "application/jose"]
        signed = record(rig)
    assert set(walk.outcomes.values()) == {"passed"}
    assert {name: each["outcome"] for name, each in signed["sensors"].items()} == walk.outcomes
    assert signed["place"]["ko"] == "해태시장 3번 골목 17호"
    assert (signed["profile"], signed["noise"]["sensor"]) == ("apartment-noise", "microphone")
    assert (signed["installer"], signed["simulated"]) == ("박철수", True)
    people = json.loads((rig.configuration / CONTACTS).read_text("utf-8"))["contacts"]
    assert [each["phone"] for each in people] == ["010-1234-5678"]
    assert judge.screens >= {
        "identity",
        "place",
        "profile",
        "sensors",
        "try",
        "noise",
        "commission",
    }


def test_an_installer_takes_a_field_with_a_camera_there_in_english(
    handset: Phone, hub: TlsBroker, tmp_path: Path
) -> None:
    judge = Judge(handset, "en")
    judge.screens = {"identity", "place", "profile", "sensors", "try", "sensors-done", "network"}
    judge.screens |= {"contacts", "contacts-done", "commission", "done"}  # seen in the other walk
    with SetupRig(tmp_path, profile="farm-perimeter", broker=hub, rate=RATE) as rig:
        walk = walk_through(handset, rig, "farm-perimeter", "en", judge)
        assert handset.complaints() == []
        signed = record(rig)
    assert set(walk.outcomes.values()) == {"passed"}
    assert (signed["profile"], signed["zones"]) == ("farm-perimeter", {"camera": 1})
    drawn = tomllib.loads((rig.configuration / DEVICE_TOML).read_text("utf-8"))["sensors"]
    zones = next(each["zones"] for each in drawn if each["name"] == "camera")
    assert [each["name"] for each in zones] == ["bed_1"]
    assert zones[0]["points"][0] == pytest.approx([4 / 32, 4 / 24], abs=0.02)
