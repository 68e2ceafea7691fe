"""Simulated DHT22 and DHT11: air temperature and humidity as a train of pulses."""

from itertools import chain

from hw_mocks.faults import Fault, FaultKnob

_HEATED_C = 30.0  # by its stimulus, a resistor beside it, at once
_LATE_US = 247_000.0  # so late that the host's 250 ms are over in the middle of the frame


class DhtSim:
    """Knobs `celsius` and `humidity_pct`, held within what the part can measure.

    Faults: absent; wrong_chip (the other of the two answers); corrupted (one bit flips); stuck
    (the last frame over and over); slow (the frame comes too late to be read whole); saturated
    (both elements at their upper end, as wet or overheated parts report). Does not imitate that
    a real part answers with the measurement before last's request.
    """

    fault = FaultKnob(*Fault, then=lambda chip: chip.hold())

    def __init__(
        self, celsius: float = 21.0, humidity_pct: float = 45.0, *, dht11: bool = False
    ) -> None:
        self.celsius, self.humidity_pct, self._dht11 = celsius, humidity_pct, dht11
        self.provoked = False
        self.start_low_s = 18e-3 if dht11 else 0.8e-3
        self._held = b""

    def hold(self) -> None:
        """Remember the frame at which a stuck part stays."""
        self._held = self._frame()

    def pulses_us(self) -> list[float]:
        """The answer to a start signal (AM2302 datasheet, "single-bus communication")."""
        if self.fault is Fault.ABSENT:
            return []
        frame = self._held if self.fault is Fault.STUCK else self._frame()
        if self.fault is Fault.CORRUPTED:
            frame = bytes([frame[0] ^ 0x01]) + frame[1:]
        bits = "".join(f"{byte:08b}" for byte in frame)
        wait = _LATE_US if self.fault is Fault.SLOW else 30.0
        return [wait, 80.0, 80.0, *chain(*((50.0, 70.0 if b == "1" else 26.0) for b in bits)), 50.0]

    def _frame(self) -> bytes:
        """Humidity, temperature, and the low byte of their sum."""
        dht11 = self._dht11 is not (self.fault is Fault.WRONG_CHIP)
        felt = self.celsius + (_HEATED_C if self.provoked else 0.0)
        ends = ((0.0, 50.0), (20.0, 90.0)) if dht11 else ((-40.0, 80.0), (0.0, 99.9))
        celsius, humidity = (
            high if self.fault is Fault.SATURATED else max(low, min(high, value))
            for value, (low, high) in zip((felt, self.humidity_pct), ends, strict=True)
        )
        if dht11:
            tenths = round(celsius * 10)
            data = bytes([round(humidity), 0, tenths // 10, tenths % 10])
        else:
            sign, tenths = (0x8000 if celsius < 0 else 0), round(abs(celsius) * 10)
            data = round(humidity * 10).to_bytes(2, "big") + (sign | tenths).to_bytes(2, "big")
        return data + bytes([sum(data) & 0xFF])
