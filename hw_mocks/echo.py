"""A room in which the simulated siren is heard by a simulated microphone."""

from hw_mocks.bench import Bench


class Echo:
    """Raises a microphone's level while the siren's pin is driven, in the same instant.

    `still_db` is the room without it, `siren_db` the siren at the microphone; a `dead` siren's pin
    moves and nothing sounds. Not imitated: that a room rings, and a siren's own rise.
    """

    def __init__(
        self, bench: Bench, knob: str, *, still_db: float = 50.0, siren_db: float = 92.0
    ) -> None:
        self._bench, self._knob = bench, knob
        self.still_db, self.siren_db, self.dead = still_db, siren_db, False
        bench.listen("siren", self._switched)
        self._switched(False)

    def _switched(self, sounds: bool) -> None:
        loud = sounds and not self.dead
        self._bench.set(self._knob, self.siren_db if loud else self.still_db)
