"""The asking on site: tones, lamp and words in virtual time, and the turns of both sides."""

from agent import asking
from agent.annunciator import Annunciator
from agent.values import Hazard, Stage
from tests.agent.test_annunciator import HUSH_S, Pin, Room

FALL = Hazard.FALL


class Mouth:
    """Notes for which times words were allowed; says none itself."""

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock
        self.offered: list[tuple[float, str, float]] = []

    def offer(self, prompt: str, silent_s: float, *, again: bool) -> None:
        self.offered.append((self.clock[0], prompt, silent_s))

    def hush(self) -> None:
        self.offered.append((self.clock[0], "", 0.0))


class SpeakingRoom(Room):
    """A room whose annunciator has words."""

    def __init__(self) -> None:
        super().__init__()
        self.siren, self.lamp, self.mouth = Pin(self.clock), Pin(self.clock), Mouth(self.clock)
        self.annunciator = Annunciator(
            self.siren, self.lamp, clock=lambda: self.clock[0], hush_s=HUSH_S, words=self.mouth
        )

    def prompts(self) -> list[str]:
        """What was asked for, each change once."""
        named = [prompt for _, prompt, _ in self.mouth.offered if prompt]
        return [each for n, each in enumerate(named) if n == 0 or named[n - 1] != each]


def test_words_end_before_the_second_tone_and_never_sound_while_the_device_listens() -> None:
    room = SpeakingRoom()
    room.show(FALL, Stage.PREALARM, rule="seen_fall")
    began = room.clock[0]
    room.live(60.0)
    assert room.prompts() == ["ask"]
    for at, prompt, silent_s in room.mouth.offered:
        if prompt:
            heard = [at + silent_s * n / 50 - began for n in range(51)]
            assert not any(asking.listens(since_s) for since_s in heard)
            assert (heard[-1] - 1e-3) % asking.ROUND_S <= asking.TALK_S


def test_each_round_has_a_tone_before_the_question_and_one_before_the_answer() -> None:
    room = SpeakingRoom()
    room.show(FALL, Stage.PREALARM, rule="seen_fall")
    began = room.clock[0]
    room.live(30.0)
    assert [round(at - began, 3) for at in room.siren.ons()] == [0.0, 9.0, 15.0, 24.0]
    assert all(not asking.listens(at - began) for at in room.siren.ons())
    assert len(room.lamp.ons()) > 50


def test_a_fire_is_heard_over_the_question_and_its_turns_go_on() -> None:
    room = SpeakingRoom()
    room.show(FALL, Stage.PREALARM, rule="seen_fall")
    began = room.clock[0]
    room.live(4.0)
    room.show(Hazard.FIRE, Stage.ALARM)
    room.annunciator.step()
    assert room.annunciator.playing() == "t3"
    assert room.siren.edges[-1] == (room.clock[0], True)
    room.live(7.0)
    room.show(Hazard.FIRE, Stage.CLEARED)
    room.mouth.offered.clear()
    room.live(3.0)
    assert room.annunciator.playing() == "ask"
    assert room.prompts() == []  # people's turn, as if there had been no fire
    room.live(3.0)
    assert room.prompts() == ["ask"]
    assert room.clock[0] - began == 17.0


def test_a_fall_is_asked_about_over_all_but_fire_and_gas() -> None:
    room = SpeakingRoom()
    room.show(Hazard.SOS, Stage.ALARM, rule="button", subject="sos")
    room.show(Hazard.FAULT, Stage.ALARM, rule="silent", subject="ceiling")
    room.show(FALL, Stage.PREALARM, rule="seen_fall")
    assert room.annunciator.playing() == "ask"
    room.show(Hazard.CO, Stage.ALARM, rule="co_dose")
    assert room.annunciator.playing() == "t4"


def test_the_button_answers_and_tests_no_siren_then() -> None:
    room = SpeakingRoom()
    room.show(FALL, Stage.PREALARM, rule="seen_fall")
    assert room.annunciator.press() == "answered"
    room.show(FALL, Stage.CLEARED, rule="button")
    room.live(1.0)
    assert room.annunciator.playing() == "answered"
    room.live(10.0)
    assert room.annunciator.playing() == "quiet"
    assert room.prompts() == ["answered"]
    assert room.annunciator.press() == "test"


def test_an_alarm_says_that_help_is_called_until_it_is_over() -> None:
    room = SpeakingRoom()
    room.show(FALL, Stage.PREALARM, rule="seen_fall")
    room.live(30.0)
    room.show(FALL, Stage.ALARM, rule="no_answer")
    room.live(10.0)
    assert room.annunciator.playing() == "fall"
    assert room.prompts() == ["ask", "fall"]
    assert room.annunciator.press() == "answered"
