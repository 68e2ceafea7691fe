"""Carbon monoxide: the dose that blood takes up, after UL 2034."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta


class CoConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[co]`. `rise` is in % COHb; `fall` and `prealarm` are in ppm of CO in the air.

    UL 2034 rests on 10 % COHb, but a dose that alarms at 10 % comes at 15.9 min for 400 ppm, past
    its window (4 to 15 min). All three windows hold for 5.4 to 9.5 %; 7.5 % lies in their middle.
    30 ppm ends at 5.0 % and so stays silent for ever.
    """

    rise: Annotated[float, Meta(ge=5.5, le=9.0)] = 7.5
    fall: Annotated[float, Meta(ge=10, le=50)] = 30.0
    clear_s: Annotated[float, Meta(ge=60, le=1800)] = 300.0
    prealarm: Annotated[float, Meta(ge=35, le=200)] = 50.0
    hold_s: Annotated[float, Meta(ge=0, le=600)] = 120.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.fall >= self.prealarm:
            yield "`fall` is not below `prealarm` - at `$.co`", "lower `fall`"
