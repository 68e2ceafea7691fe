"""Words between the tones, in virtual time: siren and speaker step by step on one clock."""

import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.annunciator import Annunciator
from agent.speaker import HUNG_S, MARGIN_S, START_S, Phrase, Speaker, phrases
from agent.values import PLACE, Detection, Hazard, Stage, Why

EDGE_S = 1e-3


class Pin:
    """A siren that remembers its edges."""

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock
        self.edges: list[tuple[float, bool]] = []

    def on(self) -> None:
        self.edges.append((self.clock[0], True))

    def off(self) -> None:
        self.edges.append((self.clock[0], False))

    def sounds(self) -> list[tuple[float, float]]:
        ends = [at for at, _ in self.edges[1:]] + [self.clock[0]]
        return [(at, end) for (at, on), end in zip(self.edges, ends, strict=True) if on]


class Loudspeaker:
    """A player: `late_s` from start to sound; `hangs`: it never ends by itself."""

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock
        self.late_s, self.hangs, self.broken, self.mute = START_S, False, False, False
        self.is_undead, self.started = False, 0
        self.lengths: dict[Path, float] = {}
        self.spoken: list[tuple[str, float, float]] = []  # file, and from when to when it sounded
        self._now: tuple[Path, float, float] | None = None

    def start(self, wav: Path) -> None:
        if self.mute:
            raise OSError("no aplay")
        self.started += 1
        begins = self.clock[0] + self.late_s
        self._now = wav, begins, begins + self.lengths[wav] if not self.hangs else float("inf")

    def is_speaking(self) -> bool:
        if self._now is not None and self.clock[0] >= self._now[2]:
            self._finish(self._now[2])
        return self._now is not None

    def end(self) -> None:
        if self.broken:
            raise OSError("no such card")

    def stop(self) -> None:
        if self.is_speaking() and not self.is_undead:
            self._finish(self.clock[0])

    def close(self) -> None:
        self.stop()

    def _finish(self, at: float) -> None:
        assert self._now is not None
        wav, begins, _ = self._now
        if at > begins:
            self.spoken.append((wav.stem, begins, at))
        self._now = None


class Room:
    def __init__(self, lengths: Mapping[str, Sequence[float]]) -> None:
        self.clock = [1000.0]
        self.siren, self.player = Pin(self.clock), Loudspeaker(self.clock)
        prompts = {
            name: [Phrase(Path(f"{name}-{n}.wav"), s) for n, s in enumerate(each, 1)]
            for name, each in lengths.items()
        }
        for each in prompts.values():
            self.player.lengths |= {phrase.wav: phrase.length_s for phrase in each}
        self.speaker = Speaker(self.player, prompts, clock=lambda: self.clock[0])
        self.annunciator = Annunciator(
            self.siren, None, clock=lambda: self.clock[0], hush_s=540.0, words=self.speaker
        )

    def show(self, hazard: Hazard, stage: Stage = Stage.ALARM) -> None:
        why = Why("", "")
        self.annunciator.show(
            Detection(hazard, stage, PLACE, "smoke_density", (), self.clock[0], why)
        )

    def live(self, seconds: float) -> None:
        end = self.clock[0] + seconds
        while self.clock[0] < end:
            left = min(self.annunciator.step(), self.speaker.step())
            self.clock[0] = min(end, self.clock[0] + left)

    def words(self) -> list[str]:
        return [name for name, _, _ in self.player.spoken]

    def overlap_s(self) -> float:
        """The longest time for which tone and words were heard together."""
        return max(
            (
                min(end, until) - max(begin, at)
                for begin, end in self.siren.sounds()
                for _, at, until in self.player.spoken
            ),
            default=0.0,
        )


WORDS = {"fire": [1.1, 1.2, 1.2], "co": [1.8, 2.6], "sos": [2.0, 1.0], "test": [1.1, 0.9]}


def test_between_two_groups_of_a_fire_alarm_one_phrase_is_spoken_in_turn() -> None:
    room = Room(WORDS)
    room.show(Hazard.FIRE)
    room.live(24.0)
    assert room.words() == ["fire-1", "fire-2", "fire-3"] * 2
    for n, (_, at, until) in enumerate(room.player.spoken):
        assert at == pytest.approx(1002.5 + 4 * n + START_S, abs=EDGE_S)
        assert until < 1004.0 + 4 * n
    assert room.overlap_s() <= 0


@settings(deadline=None)
@given(
    lengths=st.lists(st.floats(0.1, 4.0), min_size=1, max_size=4),
    late_s=st.floats(0.0, 2.0),
    hangs=st.booleans(),
    hazards=st.lists(st.sampled_from([Hazard.FIRE, Hazard.CO, Hazard.SOS]), min_size=1, max_size=4),
    pauses=st.lists(st.floats(0.0, 9.0), min_size=4, max_size=4),
)
def test_words_never_overlap_or_move_a_tone_whatever_the_player_does(
    lengths: list[float], late_s: float, hangs: bool, hazards: list[Hazard], pauses: list[float]
) -> None:
    spoken, silent = Room({"fire": lengths, "co": lengths, "sos": lengths}), Room({})
    spoken.player.late_s, spoken.player.hangs = late_s, hangs
    for room in (spoken, silent):
        for hazard, pause in zip(hazards, pauses, strict=False):
            room.show(hazard)
            room.live(pause)
        room.live(20.0)
    assert spoken.overlap_s() <= EDGE_S
    moved = zip(spoken.siren.edges, silent.siren.edges, strict=True)
    assert all(a == b and abs(at - to) < EDGE_S for (at, a), (to, b) in moved)


def test_a_player_that_hangs_is_killed_before_the_next_tone_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room(WORDS)
    room.player.hangs = True
    room.show(Hazard.FIRE)
    room.live(30.0)
    assert all(until <= 1004.0 + 4 * n for n, (_, _, until) in enumerate(room.player.spoken))
    assert "hung" in room.speaker.trouble
    room.player.hangs = False
    room.live(10.0)
    assert room.speaker.trouble == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_player_that_hangs_in_a_long_silence_is_killed_too() -> None:
    room = Room(WORDS)
    room.player.hangs = True
    room.show(Hazard.SOS)
    room.live(60.0)
    (first, second) = room.player.spoken
    assert first[2] - first[1] <= 2.0 + HUNG_S
    assert second[0] == "sos-2"


def test_a_player_that_cannot_be_killed_is_told_and_never_started_twice() -> None:
    room = Room(WORDS)
    room.player.hangs, room.player.is_undead = True, True
    room.show(Hazard.FIRE)
    room.live(30.0)
    assert "cannot be killed" in room.speaker.trouble
    assert room.player.started == 1
    assert len(room.siren.sounds()) == 24


def test_a_fire_silences_whoever_speaks_at_once() -> None:
    room = Room(WORDS)
    room.show(Hazard.SOS)
    room.live(1.0)
    room.show(Hazard.FIRE)
    room.annunciator.step()
    assert room.player.spoken[-1][2] == room.clock[0] == room.siren.sounds()[-1][0]
    room.live(3.0)
    assert room.words() == ["sos-1", "fire-1"][: len(room.words())]


def test_a_call_for_help_is_answered_once() -> None:
    room = Room(WORDS)
    room.show(Hazard.SOS)
    room.live(120.0)
    assert room.words() == ["sos-1", "sos-2"]
    room.show(Hazard.SOS, Stage.CLEARED)
    room.live(10.0)
    room.show(Hazard.SOS)
    room.live(10.0)
    assert room.words() == ["sos-1", "sos-2"] * 2


def test_a_carbon_monoxide_alarm_says_all_in_one_pause_and_does_not_chatter() -> None:
    room = Room(WORDS)
    room.show(Hazard.CO)
    room.live(5.7)
    assert room.words() == ["co-1", "co-2"]
    room.live(600.0)
    late = [at for _, at, _ in room.player.spoken if at > 1300.0]
    assert len(late) == pytest.approx(2 * 300 / 60, abs=2)


def test_a_hushed_alarm_is_hushed_in_words_too() -> None:
    room = Room(WORDS)
    room.show(Hazard.FIRE)
    room.live(4.5)
    assert room.annunciator.press() == "hushed"
    before = len(room.player.spoken)
    room.live(60.0)
    assert len(room.player.spoken) == before


def test_the_test_says_that_it_is_one() -> None:
    room = Room(WORDS)
    room.live(1.0)
    assert room.annunciator.press() == "test"
    room.live(20.0)
    assert room.words() == ["test-1", "test-2"]


def test_words_too_long_for_the_silence_are_left_out() -> None:
    room = Room({"fire": [1.5 - START_S - MARGIN_S + 0.01, 1.0]})
    room.show(Hazard.FIRE)
    room.live(20.0)
    assert set(room.words()) == {"fire-2"}


@pytest.mark.parametrize("how", ["broken", "mute"])
def test_what_cannot_play_is_told_and_tried_again_in_the_next_silence(how: str) -> None:
    room = Room(WORDS)
    setattr(room.player, how, True)
    room.show(Hazard.FIRE)
    room.live(20.0)
    assert room.speaker.trouble
    setattr(room.player, how, False)
    room.live(8.0)
    assert room.speaker.trouble == ""
    assert len(room.siren.sounds()) == 21


def test_phrases_are_found_in_the_order_of_languages_and_the_broken_are_left_out(
    tmp_path: Path,
) -> None:
    for name in ("fire-en-1", "fire-ko-2", "fire-ko-1", "sos-ko-1", "fire-de-1"):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(16000))
    (tmp_path / "co-ko-1.wav").write_bytes(b"RIFF")
    found = phrases(tmp_path, ["ko", "en"])
    assert {name: [each.wav.stem for each in order] for name, order in found.items()} == {
        "fire": ["fire-ko-1", "fire-ko-2", "fire-en-1"],
        "sos": ["sos-ko-1"],
    }
    assert {each.length_s for each in found["fire"]} == {1.0}


def test_without_any_words_it_says_how_to_make_them() -> None:
    assert "make_prompts" in Room({}).speaker.trouble
