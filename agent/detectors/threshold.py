"""A level that is held: hysteresis in value and in time, decided by readings alone."""

from dataclasses import dataclass, field

STALE_S = 600.0  # two readings further apart than this confirm nothing


@dataclass(slots=True, eq=False)
class HeldThreshold:
    """Begins when `level` is at or above `rise` for `hold_s`; ends below `fall` for `clear_s`.

    `rise` and `fall` are in the unit of the level watched, the holds in seconds. Time passes by
    readings only: silence neither begins nor ends anything. With `confirm`, one reading alone never
    begins it, however long the hold: a second at or above `rise` must follow, `hold_s` later or
    more, with none below `fall` in between (1 of 500 to 1000 wrong DHT values passes its checksum).
    """

    rise: float
    fall: float
    hold_s: float
    clear_s: float
    confirm: bool = True
    active: bool = field(default=False, init=False)
    level: float = field(default=0.0, init=False)
    begun: float = field(default=0.0, init=False)  # when the level rose that made it active
    _since: float | None = field(default=None, init=False)  # of what would change `active`
    _last: float = field(default=0.0, init=False)

    def update(self, level: float, at: float) -> bool:
        """Take the level at `at` (seconds) in; tell whether `active` changed."""
        stale = at - self._last > STALE_S
        self.level, self._last = level, at
        if self._stays(level):
            self._since = None
            return False
        if not self.active and level < self.rise:
            return False  # between fall and rise: what is pending stays pending
        if self._since is None or stale:  # nobody knows what was in between
            self._since = at
            if self.active or self.confirm:
                return False
        if at - self._since < (self.clear_s if self.active else self.hold_s):
            return False
        if not self.active:
            self.begun = self._since
        self.active, self._since = not self.active, None
        return True

    def _stays(self, level: float) -> bool:
        return level >= self.fall if self.active else level < self.fall

    @property
    def standing(self) -> bool:
        """Whether it is active and the last level was not below `fall`."""
        return self.active and self._since is None
