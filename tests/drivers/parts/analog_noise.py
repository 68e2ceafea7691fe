from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

LEQ = Quantity.SOUND_LEQ_DB
# the least that the steps of the converter let be told, and a square wave from rail to rail
LEAST_DB, MOST_DB = 36.06, 100.4

PARTS = (
    Part(
        {"driver": "analog_noise", "adc": {"chip": "mcp3008", "channel": 3}, "gain": 125},
        (
            ({"level_db": 10.0}, {LEQ: LEAST_DB}),
            ({"level_db": 65.0}, {LEQ: 65.0}),
            ({"level_db": 94.0, "tone_hz": 1000.0}, {LEQ: 94.0}),
        ),
        {Fault.ABSENT: DisconnectedError, Fault.SATURATED: {LEQ: MOST_DB}},
        within=0.5,
    ),
)
