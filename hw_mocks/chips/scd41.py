"""A simulated SCD41: two-byte commands, most of them only while it does not measure."""

from typing import TYPE_CHECKING, Any

from hw_mocks import blinka
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.i2c import nack
from hw_mocks.registers import answer
from hw_mocks.senses import Sense
from hw_mocks.sensirion import Outbox, flipped, ticks, with_checksums

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

ADDRESS = 0x62
_START, _STOP, _READY, _MEASURED = 0x21B1, 0x3F86, 0xE4B8, 0xEC05
_SERIAL, _SET_ALTITUDE, _SET_SELF_CALIBRATION = 0x3682, 0x2427, 0x2416
KNOBS = ("co2_ppm", "celsius", "humidity_pct", "ready")
SENSES = (
    # people and fire alike: this room's CO2 stands in no table, so it follows its CO
    Sense("co2_ppm", 60.0, 5.0, 0.005, high=40_000.0, of=lambda room: room.co2_ppm),
    Sense("celsius", 90.0, 0.05, low=-45.0, high=130.0),
    Sense("humidity_pct", 90.0, 0.2, high=100.0),
)


def plug(wiring: "Wiring", config: Any) -> "Scd41Sim":
    """Put it on its bus. The library's waits pass at once."""
    import adafruit_scd4x  # noqa: PLC0415  # only where simulated

    adafruit_scd4x.time = blinka.install().time
    part = Scd41Sim()
    wiring.i2c(config.bus, ADDRESS, part)
    return part


class Scd41Sim:
    """Knobs `co2_ppm`, `celsius`, `humidity_pct`, and `ready`: whether it has a new measurement.

    Faults: absent, after which it does not measure; wrong_chip (no checksums); corrupted (a bit
    of each measurement flips); stuck; slow (holds the clock); saturated (CO2 at its end). Does not
    imitate the 5 s of a measurement, calibration, or what altitude does to it.
    """

    fault = FaultKnob(*Fault, then=lambda chip: chip.hold())

    def __init__(self, co2_ppm: float = 450.0) -> None:
        self.co2_ppm, self.celsius, self.humidity_pct = co2_ppm, 21.0, 45.0
        self.ready, self.measures = True, False
        self.told: dict[int, int] = {}  # what it was set to
        self._held, self._out = b"", Outbox()

    def hold(self) -> None:
        """Remember the measurement at which a stuck part stays; an unplugged one forgets all."""
        self._held = self._measured()
        if self.fault is Fault.ABSENT:
            self.measures, self.told = False, {}

    def write(self, data: bytes) -> None:
        """Take a command."""
        answer(self.fault)
        command = int.from_bytes(data[:2], "big")
        if data and self.measures and command not in {_STOP, _READY, _MEASURED}:
            raise nack()
        if command in {_START, _STOP}:
            self.measures = command == _START
        elif command == _SERIAL:
            self._out.put(with_checksums(0xF896, 0x9F07, 0x3BBE))
        elif command in {_SET_ALTITUDE, _SET_SELF_CALIBRATION}:
            self.told[command] = int.from_bytes(data[2:4], "big")
        elif command == _READY:
            self._out.put(with_checksums(0x8006 if self.ready and self.measures else 0x8000))
        elif command == _MEASURED:
            sent = self._held if self.fault is Fault.STUCK else self._measured()
            self._out.put(flipped(sent) if self.fault is Fault.CORRUPTED else sent)

    def read(self, count: int) -> bytes:
        """Give the answer."""
        answer(self.fault)
        return bytes(count) if self.fault is Fault.WRONG_CHIP else self._out.take(count)

    def _measured(self) -> bytes:
        ppm = 40_000 if self.fault is Fault.SATURATED else round(self.co2_ppm)
        celsius, humidity = ticks(self.celsius, -45, 130), ticks(self.humidity_pct, 0, 100)
        return with_checksums(max(0, min(40_000, ppm)), celsius, humidity)
