import pytest

from drivers.board import Board, SensorConfig
from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LEQ = Quantity.SOUND_LEQ_DB
SQUARE_DB = 123.01  # 3 dB more than the sine that just reaches full scale


def need_portaudio(_board: Board, _config: SensorConfig) -> None:
    try:
        import sounddevice  # noqa: F401, PLC0415  # loads libportaudio2
    except OSError as error:
        pytest.skip(str(error))


PARTS = tuple(
    Part(
        {"driver": "i2s_mic", "card": "sndrpigooglevoi", "part": part, "side": side},
        (
            ({"level_db": 65.0}, {LEQ: 65.0}),
            ({"level_db": 40.0}, {LEQ: 40.0}),
            ({"level_db": 94.0, "tone_hz": 1000.0}, {LEQ: 94.0}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {LEQ: SQUARE_DB}},
        within=0.02,
        note=part,
        prepare=need_portaudio,
    )
    for part, side in (("inmp441", "left"), ("sph0645", "right"))
)
