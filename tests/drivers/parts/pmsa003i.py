from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.faults import Fault
from tests.drivers.parts import Part

PM1_0, PM2_5, PM10 = Quantity.PM1_0_UG_M3, Quantity.PM2_5_UG_M3, Quantity.PM10_UG_M3

PARTS = (
    Part(
        {"driver": "pmsa003i"},
        (
            ({"pm2_5_ug_m3": 13}, {PM1_0: 8.0, PM2_5: 13.0, PM10: 18.0}),
            ({"pm2_5_ug_m3": 900, "pm10_ug_m3": 999}, {PM1_0: 8.0, PM2_5: 900.0, PM10: 999.0}),
        ),
        {
            Fault.ABSENT: OSError,
            Fault.WRONG_CHIP: WrongDeviceError,
            Fault.CORRUPTED: ChecksumError,
            Fault.SLOW: OSError,
            Fault.SATURATED: {PM1_0: 1000.0, PM2_5: 1000.0, PM10: 1000.0},
        },
    ),
)
