"""The volt-free relay contact of a certified smoke alarm, between a pin and ground."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.board import Board
from drivers.edge_input import EdgeInput, PinConfig
from drivers.sensor import Quantity, Span
from drivers.sheet import Sheet
from drivers.two_state import TwoState

_BOUNCE_S = 0.005  # a small signal relay settles within 1 to 3 ms


class SmokeRelayConfig(PinConfig, frozen=True, kw_only=True, tag="smoke_relay"):
    """`SMOKE_ALARM_CONTACT` is 1.0 while the alarm's relay says smoke.

    `normally_closed` (the default, and the wiring to choose): the loop is closed while all is
    quiet, so an alarm and a cut wire read alike, as smoke. A normally open contact alarms by
    closing; then nothing tells a cut wire from quiet. A short along the wire keeps a normally
    closed loop quiet, and a contact that has welded is not seen either way: only the yearly
    test with smoke proves the alarm.
    """

    normally_closed: bool = True

    spans: ClassVar[Mapping[Quantity, Span]] = {Quantity.SMOKE_ALARM_CONTACT: Span(0.0, 1.0)}
    life_years: ClassVar[float | None] = 10.0  # NFPA 72: from its making on
    sheet: ClassVar[Sheet] = Sheet(
        part="relay contact of a certified smoke alarm",
        purpose="smoke and particles",
        range="1 while the alarm's relay says smoke",
        accuracy="the alarm's own",
        rate="at once, by edge",
        warm_up="the alarm's own",
        price="€€€",
        wiring="normally closed contact between the pin and ground, so that a cut wire is seen",
        limits=(
            "a short along a normally closed loop, or a welded contact, is not seen: only the "
            "yearly test with smoke proves the alarm. 10 years from its making"
        ),
        library="gpiozero",
        source="NFPA 72; J. Ganssle, A Guide to Debouncing",
    )

    def build(self, board: Board) -> TwoState:
        """Make the driver: pulled up, closed to ground."""
        pin = EdgeInput(board, self.gpio, pull_up=True, bounce_s=_BOUNCE_S)
        return TwoState(pin, Quantity.SMOKE_ALARM_CONTACT, active=not self.normally_closed)
