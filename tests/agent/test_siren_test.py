"""The siren's own test by day: announced, sounded, and heard or not by the own microphone."""

from pathlib import Path

import pytest

from agent.annunciator import Annunciator
from agent.config import ConfigError
from agent.siren_test import LISTENS_S, SirenTest
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity
from tests.agent.provoked import CO, HEAD, WARM_S, House, house, ordered

MICROPHONE = """
[[sensors]]
name = "microphone"
driver = "i2s_mic"
card = "sndrpigooglevoi"
part = "inmp441"
"""
SELFTEST = "[selftest]\nsiren = true\n"
FIRE = Detection(Hazard.FIRE, Stage.ALARM, PLACE, "fixed_heat", (), 0.0, Why("불", "fire"))


class Sounder:
    """Whether it sounds, and for how long it has."""

    def __init__(self) -> None:
        self.sounds = False

    def on(self) -> None:
        self.sounds = True

    def off(self) -> None:
        self.sounds = False


class Words:
    def __init__(self) -> None:
        self.said: list[str] = []

    def offer(self, prompt: str, silent_s: float, *, again: bool) -> None:
        del silent_s, again
        self.said.append(prompt)

    def hush(self) -> None:
        self.said.append("-")


class Room:
    """A siren, a microphone that hears it, and time turned by hand."""

    def __init__(self, found: House, *, room_db: float = 45.0, siren_db: float = 95.0) -> None:
        self.found, self.now = found, 0.0
        self.sounder, self.words = Sounder(), Words()
        self.room_db, self.siren_db = room_db, siren_db
        self.annunciator = Annunciator(
            self.sounder, None, clock=lambda: self.now, hush_s=540.0, words=self.words
        )
        # the agent's clock is 500 s ahead of the siren's
        self.test = SirenTest(found.config, self.annunciator, lambda: self.now)
        self.let_through: list[Reading] = []
        self.sounded_s = 0.0

    def run(self, for_s: float = LISTENS_S + 1.0) -> object:
        heard, loudest, n = None, 0.0, 0
        until = self.now + for_s
        while self.now < until and heard is None:
            self.now += 0.05
            n += 1
            self.annunciator.step()
            self.sounded_s += 0.05 * self.sounder.sounds
            loudest = max(loudest, self.siren_db if self.sounder.sounds else self.room_db)
            if n % 10 == 0:
                level = Quantity.SOUND_LAF_DBA
                reading = Reading("microphone", level, loudest, self.now + 500.0)
                if not self.test.holds(reading):
                    self.let_through.append(reading)
                loudest = 0.0
            heard = self.test.step(self.now + 500.0)
        return None if heard is None else str(heard.verdict)


def room(folder: Path, **levels: float) -> Room:
    with house(folder, HEAD + SELFTEST + MICROPHONE) as found:
        return Room(found, **levels)


def test_a_siren_that_sounds_is_heard_after_it_was_announced(tmp_path: Path) -> None:
    made = room(tmp_path)
    made.test.begin(500.0)
    assert made.run() == "proven"
    assert made.words.said[0] == "test", "words come first"
    assert made.sounded_s == pytest.approx(4.5, abs=0.2), "three tones"
    assert made.let_through == [], "its own siren is no noise"
    made.run(5.0)
    assert made.let_through, "and the microphone is everybody's again"
    assert not made.sounder.sounds


@pytest.mark.parametrize(
    ("room_db", "siren_db"), [(45.0, 45.0), (45.0, 54.0), (90.0, 95.0)], ids=str
)
def test_a_siren_that_nobody_hears_fails(tmp_path: Path, room_db: float, siren_db: float) -> None:
    made = room(tmp_path, room_db=room_db, siren_db=siren_db)
    made.test.begin(500.0)
    assert made.run() == "not heard"


def test_an_alarm_meanwhile_sounds_at_once_and_the_test_says_nothing(tmp_path: Path) -> None:
    made = room(tmp_path)
    made.test.begin(500.0)
    made.run(5.0)
    made.annunciator.show(FIRE)
    made.annunciator.step()
    assert made.annunciator.playing() == "t3"
    made.test.break_off()
    assert made.run() is None
    assert not made.test.is_under_way


def test_it_is_tried_by_day_by_its_schedule_and_by_no_order(tmp_path: Path) -> None:
    with house(tmp_path, HEAD + SELFTEST + MICROPHONE + CO) as found:
        found.live(WARM_S)
        assert [each.part for each in ordered(found)] == ["co by stimulus"]
        assert found.announced == 0
        found.know_the_time()
        assert found.until_over("co")["result"] == "passed", "one after the other"
        told = found.until_over("siren")
        assert found.announced == 1
        assert (told["result"], told["microphone"]) == ("failed", "microphone")
        assert [each.subject for each in found.faults] == ["siren self-test"]


def test_without_a_microphone_that_can_follow_nobody_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no microphone can hear the siren"):
        House(made(tmp_path), HEAD + SELFTEST + CO)


def made(folder: Path) -> Path:
    (folder / "state").mkdir()
    return folder
