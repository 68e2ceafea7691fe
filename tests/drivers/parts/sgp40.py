from drivers import kept
from drivers.board import Board, SensorConfig
from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from drivers.voc_learning import VocState, boot_id
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

VOC = Quantity.VOC_INDEX


def learn(board: Board, config: SensorConfig) -> None:
    """Some hours of clean air, until a minute ago."""
    at_s = board.pace.clock() - 60.0
    state = VocState(mean=11_000 << 16, deviation=30 << 16, boot_id=boot_id(), at_s=at_s)
    kept.store(kept.path(board.state, config.name), state)


PARTS = tuple(
    Part(
        {"driver": "sgp40", **table},
        (
            ({"ticks": 31_000}, {VOC: 100.0}),
            ({"ticks": 29_000}, {VOC: 112.0}),  # on its way to 480: it averages over 20 s and more
            ({"ticks": 29_000}, {VOC: 130.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
        },
        within=0.5,
        note=note,
        prepare=learn,
    )
    for note, table in (("compensated", {"sht4x": 0x44}), ("", {}))
)
