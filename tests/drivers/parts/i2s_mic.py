from drivers.sensor import DisconnectedError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LEVELS = (Quantity.SOUND_LAF_DBA, Quantity.SOUND_LAEQ_DBA, Quantity.SOUND_LEQ_DB)
NOTHING = {Quantity.SOUND_LOST_PCT: 0.0, Quantity.ALARM_PULSES: 0.0}


def heard(level_db: float) -> dict[Quantity, float]:
    return dict.fromkeys(LEVELS, level_db)


PARTS = tuple(
    Part(
        {"driver": "i2s_mic", "card": "sndrpigooglevoi", "part": part, "side": side},
        (
            ({"level_db": 65.0}, heard(65.0) | NOTHING),
            (
                {"level_db": 40.1, "lost_pct": 12.0, "alarm_pulses": 3.0},
                heard(40.1) | {Quantity.SOUND_LOST_PCT: 12.0, Quantity.ALARM_PULSES: 3.0},
            ),
        ),
        {
            Fault.ABSENT: DisconnectedError,
            Fault.CORRUPTED: WrongDeviceError,
            Fault.SLOW: DisconnectedError,
            Fault.SATURATED: heard(123.0) | NOTHING,
        },
        within=0.05,
        note=part,
    )
    for part, side in (("inmp441", "left"), ("sph0645", "right"))
)
