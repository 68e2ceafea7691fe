"""A simulated SPI bus under gpiozero: real bit-banging above, chips that see single bits below."""

from contextlib import ExitStack
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol

from gpiozero import Device, InputDevice, OutputDevice
from gpiozero.mixins import SharedMixin
from gpiozero.pins.spi import SPISoftware, SPISoftwareBus

if TYPE_CHECKING:
    from hw_mocks.gpio import SimPins

CLOCK, MOSI, MISO, SELECT = 11, 10, 9, (8, 7)  # SPI0 of the header, BCM numbers


class SpiChip(Protocol):
    """What sits at the far end of the wires, in SPI mode 0."""

    def select(self) -> None:
        """Chip select went low: a transaction begins."""

    def rise(self, bit: bool) -> None:
        """The clock rose: take the bit on MOSI in."""

    def fall(self) -> bool | None:
        """The clock fell: the bit to put on MISO, or None to leave it open."""


class SpiWire:
    """Ties a chip to clock, MOSI, MISO and one select pin of a simulated header.

    Does not imitate other modes than 0, clock speed, set-up times or crosstalk.
    """

    def __init__(self, pins: "SimPins", chip: SpiChip, device: int = 0) -> None:
        self._chip = chip
        self._clock, self._mosi = pins.wire(CLOCK), pins.wire(MOSI)
        self._miso, self._select = pins.wire(MISO), pins.wire(SELECT[device])
        self._clock.on_output.append(self._clocked)
        self._select.on_output.append(self._selected)

    def _selected(self, high: bool) -> None:
        if high:
            self._miso.drive(None)
        else:
            self._chip.select()

    def _clocked(self, high: bool) -> None:
        if self._select.level:
            return
        if high:
            self._chip.rise(self._mosi.level)
        else:
            self._miso.drive(self._chip.fall())


class SimSPIBus(SPISoftwareBus):  # type: ignore[misc]  # gpiozero has no types
    """gpiozero's bit-banging loop; made anew, since its own asks for the global pin factory."""

    def __init__(self, clock_pin: int, mosi_pin: int, miso_pin: int, *, pin_factory: Any) -> None:
        self.clock = self.mosi = self.miso = None
        self.lock = RLock()
        Device.__init__(self, pin_factory=pin_factory)
        with ExitStack() as undo:
            undo.callback(self.close)
            self.clock = OutputDevice(clock_pin, pin_factory=pin_factory)
            self.mosi = OutputDevice(mosi_pin, pin_factory=pin_factory)
            self.miso = InputDevice(miso_pin, pin_factory=pin_factory)
            undo.pop_all()

    @classmethod
    def _shared_key(cls, *pins: int, pin_factory: Any) -> tuple[int, ...]:
        return (id(pin_factory), *pins)  # two boards in one process have two buses


class SimSPI(SPISoftware):  # type: ignore[misc]  # gpiozero has no types
    """gpiozero's software SPI on that bus."""

    def __init__(
        self, clock_pin: int, mosi_pin: int, miso_pin: int, select_pin: int, *, pin_factory: Any
    ) -> None:
        self._bus = self._select = None
        self._clock_phase, self._lsb_first, self._bits_per_word = False, False, 8
        Device.__init__(self, pin_factory=pin_factory)
        with ExitStack() as undo:
            undo.callback(self.close)
            self._bus = SimSPIBus(clock_pin, mosi_pin, miso_pin, pin_factory=pin_factory)
            self._select = OutputDevice(select_pin, active_high=False, pin_factory=pin_factory)
            undo.pop_all()


class SimSPIShared(SharedMixin, SimSPI):  # type: ignore[misc]  # gpiozero has no types
    """The same, shared by all channels of one chip."""

    @classmethod
    def _shared_key(cls, *, select_pin: int, pin_factory: Any, **_: int) -> tuple[int, int]:
        return (id(pin_factory), select_pin)
