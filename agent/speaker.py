"""Recorded words in the silences of an alarm; its own thread, which siren and lamp never wait for.

The annunciator says how long the siren will now be silent; a phrase is begun only where it ends
within that silence, and a player that has not ended by then is killed.
"""

import logging
import threading
import wave
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)

START_S = 0.15  # from asking a player to start until it sounds, on the slowest Pi
MARGIN_S = 0.05  # silence between the last word and the next tone
LEAST_S = 1.0  # shorter silences are part of a signal: no word is squeezed into them
HUNG_S = 1.0  # so much longer than its file nothing plays
POLL_S = 0.05
IDLE_S = 5.0


class Player(Protocol):
    """Plays one file at a time; `drivers.voice.Voice`."""

    def start(self, wav: Path) -> None:
        """Begin; OSError if it cannot."""

    def is_speaking(self) -> bool:
        """Whether it still plays."""

    def end(self) -> None:
        """Let go of what has ended; OSError if it was not played."""

    def stop(self) -> None:
        """Be silent now; from any thread, never waiting."""

    def close(self) -> None:
        """Be silent and let go; never raises."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some words in one language, and their length in seconds."""

    wav: Path
    length_s: float


def phrases(folder: Path, languages: Iterable[str]) -> dict[str, list[Phrase]]:
    """The phrases of each prompt in the order in which they are spoken, by the prompt's name.

    Files are called `<prompt>-<language>-<n>.wav`; one that cannot be read is left out.
    """
    found: dict[str, list[Phrase]] = {}
    for language in languages:
        for path in sorted(folder.glob(f"*-{language}-*.wav")):
            try:
                with wave.open(str(path)) as wav:
                    length_s = wav.getnframes() / wav.getframerate()
            except (OSError, EOFError, wave.Error, ZeroDivisionError) as error:
                log.warning("voice: %s left out: %s", path, error)
                continue
            found.setdefault(path.name.partition("-")[0], []).append(Phrase(path, length_s))
    return found


class Speaker:
    """Speaks what the annunciator asks for. Times are monotonic seconds of `clock`.

    A prompt that is spoken `again` goes on from silence to silence for as long as it is asked for,
    each phrase once a silence at most; any other is spoken once, to its end. `trouble` says why
    nothing is heard, empty while all is well.
    """

    def __init__(
        self,
        player: Player,
        prompts: Mapping[str, Sequence[Phrase]],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._player, self._prompts, self._clock = player, prompts, clock
        self._lock, self._wake = threading.Lock(), threading.Event()  # held for moments only
        self._prompt, self._again = "", False
        self._waiting: deque[Phrase] = deque()
        self._spoken: list[Phrase] = []  # in this silence
        self._silent_until = self._ends = float("-inf")
        self._is_playing = self._is_late = self._stopping = False
        self.trouble = "" if prompts else "no prompts: run scripts/make_prompts.py"

    def offer(self, prompt: str, silent_s: float, *, again: bool) -> None:
        """Say what may be spoken, and that it is silent for so long from now on; never waits."""
        with self._lock:
            self._silent_until = self._clock() + silent_s
            if prompt != self._prompt and (prompt or self._again or not self._waiting):
                self._prompt, self._again = prompt, again
                self._waiting = deque(self._prompts.get(prompt, ()))
                self._spoken = []
        self._wake.set()

    def hush(self) -> None:
        """Say that a tone sounds: whoever speaks is silent at once; never waits."""
        with self._lock:
            self._silent_until = float("-inf")
            self._spoken = []
            if self._is_playing:
                self._player.stop()

    def run(self, beat: Callable[[], None]) -> None:
        """Speak until `stop`."""
        while not self._stopping:
            if self._wake.wait(self.step()):
                self._wake.clear()
            beat()
        self._player.close()

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._stopping = True
        self._wake.set()

    def step(self) -> float:
        """Begin, end or cut a phrase; give the seconds until there may be more to do."""
        now = self._clock()
        if self._is_playing:
            if self._player.is_speaking():
                if now < self._ends:
                    return min(POLL_S, self._ends - now)
                self._is_late = True
                self._player.stop()
                if now > self._ends + HUNG_S:
                    self._tell("the player hangs and cannot be killed")
                return POLL_S
            self._end()
        with self._lock:
            phrase = self._next(now)
        return IDLE_S if phrase is None else self._begin(phrase)

    def _next(self, now: float) -> Phrase | None:
        """The first that waits and fits into what is left of this silence."""
        left_s = self._silent_until - now
        if left_s < LEAST_S:
            return None
        for phrase in self._waiting:
            if phrase.length_s + START_S + MARGIN_S <= left_s and phrase not in self._spoken:
                self._waiting.remove(phrase)
                if self._again:
                    self._waiting.append(phrase)
                self._spoken.append(phrase)
                return phrase
        return None

    def _begin(self, phrase: Phrase) -> float:
        self._is_playing, self._is_late = True, False
        try:
            self._player.start(phrase.wav)
        except OSError as error:
            self._is_playing = False
            self._tell(str(error))
            return POLL_S
        with self._lock:
            longest = self._clock() + phrase.length_s + HUNG_S
            self._ends = min(longest, self._silent_until - MARGIN_S)
            if self._ends <= self._clock():  # a tone has begun meanwhile
                self._player.stop()
        return POLL_S

    def _end(self) -> None:
        self._is_playing = False
        try:
            self._player.end()
        except OSError as error:
            self._tell(str(error))
            return
        if self._is_late:
            self._tell("the player hung or was slow, and was killed")
        elif self.trouble:
            self.trouble = ""
            log.warning("voice: speaks again")

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("voice: %s", trouble)
        self.trouble = trouble
