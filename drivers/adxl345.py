"""Analog Devices ADXL345 accelerometer on I2C, through adafruit_adxl34x: tilt and vibration."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers import kept
from drivers.acceleration import BusSource, KernelSource, Source
from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.pose import Pose, Vector, measure_pose, tilt_deg, vibration
from drivers.sensor import Quantity, SensorError, Span
from drivers.sheet import Sheet
from drivers.sysfs import KernelDevice

_MOST_M_S2 = 16 * 9.80665
Axis = Annotated[float, Meta(ge=-1, le=1)]


class Adxl345Config(I2cConfig, frozen=True, kw_only=True, tag="adxl345"):
    """Tilt is told from how it was mounted: `up` in its own axes, or else the pose stored for it.

    `up` is what its x, y and z show when it hangs as it shall, in g: [0, 0, 1] lying on its back.
    `address` is 0x53, or 0x1D with SDO at 3.3 V. `sysfs`: read the kernel's `adxl345`.
    """

    address: Annotated[int, Meta(ge=0x1D, le=0x53)] = 0x53
    up: tuple[Axis, Axis, Axis] | None = None
    sysfs: bool = False

    # turned upside down is 180; no frozen time: a wall may stand still to the last bit
    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.TILT_DEG: Span(0.0, 180.0),
        Quantity.VIBRATION_M_S2: Span(0.0, 3 * _MOST_M_S2, saturates=_MOST_M_S2),
    }
    library: ClassVar[str] = "adafruit_adxl34x"
    sheet: ClassVar[Sheet] = Sheet(
        part="Analog Devices ADXL345",
        purpose="tamper and structure",
        range="tilt 0 to 180°; vibration up to ±16 g in each axis, to 25 Hz",
        accuracy="tilt ±1° (±40 mg of offset at worst: ±2.5°); vibration +2.5 %, see limits",
        rate="50 Hz; the newest 32 samples are one reading",
        warm_up="none",
        price="€",
        wiring="I2C at 0x53 (0x1D with SDO at 3.3 V), CS at 3.3 V; screwed to what is watched",
        limits=(
            "no reading before it knows how it hangs: `up`, or a stored pose. While it shakes or "
            "falls, tilt is what the mean of 0.6 s says. Through the kernel (`sysfs`) vibration is "
            "that of the last 8 reads. The library takes 4 mg for each step of 3.9. No checksum: "
            "an impossible 0 g is refused"
        ),
        library="adafruit-circuitpython-adxl34x, Blinka; or the kernel's adxl345 (iio)",
        source="Analog Devices ADXL345 data sheet, revision G; AN-1025 (FIFO)",
    )

    def __post_init__(self) -> None:
        """Refuse an address that it cannot have, and an `up` that points nowhere.

        Raises:
            ValueError: msgspec makes it an error that names the place.
        """
        if self.address not in {0x1D, 0x53}:
            raise ValueError("`address` is 0x53, or 0x1D with SDO at 3.3 V")
        if self.up is not None and math.hypot(*self.up) < 0.5:
            raise ValueError("`up` points nowhere: give what x, y and z show, in g")

    def build(self, board: Board) -> "Adxl345":
        """Make the driver; a stored pose is looked for in the board's state directory."""
        if self.sysfs:
            device = KernelDevice(board, "adxl345", self.bus, self.address)
            return Adxl345(board, self, KernelSource(device))
        return Adxl345(board, self, BusSource(I2cChip(board, self.bus, self.address)))


class Adxl345:
    """Tilt from how it was mounted, 0 to 180° ±1°, and vibration without gravity, RMS in m/s²."""

    def __init__(self, board: Board, config: Adxl345Config, source: Source) -> None:
        self._source, self._up = source, config.up
        self._name, self._path = config.name, kept.path(board.state, config.name)

    def open(self) -> None:
        """See whether it is one, and have it measure.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: Another chip answers.
        """
        self._source.open()

    def read(self) -> dict[Quantity, float]:
        """Degrees and m/s² over the samples since the last read, 0.6 s of them at most.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: No samples yet, none that could be, or it does not know how it hangs.
        """
        samples = self._source.samples()
        mean, rms = vibration(samples)
        if self._up is None:
            what, remedy = "pose", f"give `up`, or run `haetae probe --baseline {self._name}`"
            self._up = kept.load(self._path, Pose, what=what, remedy=remedy).up
        if math.hypot(*mean) < 1.0 and rms < 1.0:  # at rest, and a tenth of gravity
            raise SensorError(f"{self._source.place}: no gravity: stuck, or a sensor that broke")
        return {Quantity.TILT_DEG: tilt_deg(mean, self._up), Quantity.VIBRATION_M_S2: rms}

    def sample(self) -> Vector:
        """How it hangs now, in g along its axes, for storing.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            NotReadyError: No samples yet.
        """
        mean, _ = vibration(self._source.samples())
        x, y, z = (each / 9.80665 for each in mean)
        return x, y, z

    def commission(
        self, samples: Sequence[tuple[float, ...]], *, taken_at: str, heated_h: float
    ) -> str:
        """Keep how it hangs; it is not heated.

        Raises:
            NotReadyError: There are no samples, or it was moved meanwhile.
            OSError: The disk is full, read-only or broken; the old pose stays.
        """
        del heated_h
        pose = measure_pose([(x, y, z) for x, y, z in samples], taken_at=taken_at)
        kept.store(self._path, pose)
        self._up = pose.up
        x, y, z = pose.up
        return f"pose: x {x:+.2f}, y {y:+.2f}, z {z:+.2f} g"

    def close(self) -> None:
        """Leave it measuring, which takes 0.1 mA."""
