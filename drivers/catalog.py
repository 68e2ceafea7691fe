"""The one list of drivers: what `driver = "..."` in a `[[sensors]]` table may say.

A driver is imported when a configuration names it, never before: a device pays only for the parts
that it has.
"""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from drivers.board import SensorConfig

# a driver's configuration, in the module of the driver's name
DRIVERS: Mapping[str, str] = {
    "adpd188bi": "Adpd188biConfig",
    "ads1115": "Ads1115Config",
    "adxl345": "Adxl345Config",
    "amg8833": "Amg8833Config",
    "analog_noise": "AnalogNoiseConfig",
    "bed": "BedConfig",
    "ble_tag": "BleTagConfig",
    "bme680": "Bme680Config",
    "button": "ButtonConfig",
    "camera": "CameraConfig",
    "co_cell": "CoCellConfig",
    "dht11": "Dht11Config",
    "dht22": "Dht22Config",
    "door": "DoorConfig",
    "ds18b20": "Ds18b20Config",
    "enclosure": "EnclosureConfig",
    "flame_adc": "FlameAdcConfig",
    "flame_ir": "FlameIrConfig",
    "flood": "FloodConfig",
    "hc_sr04": "HcSr04Config",
    "i2s_mic": "I2sMicConfig",
    "ina219": "Ina219Config",
    "ld2410": "Ld2410Config",
    "lis3mdl": "Lis3mdlConfig",
    "mcp3008": "Mcp3008Config",
    "mlx90614": "Mlx90614Config",
    "mq2": "Mq2Config",
    "mq5": "Mq5Config",
    "pi_power": "PiPowerConfig",
    "pir": "PirConfig",
    "pmsa003i": "Pmsa003iConfig",
    "scd41": "Scd41Config",
    "sgp40": "Sgp40Config",
    "sht4x": "Sht4xConfig",
    "smoke_relay": "SmokeRelayConfig",
    "supply_lost": "SupplyLostConfig",
    "water_meter": "WaterMeterConfig",
    "ze07_co": "Ze07CoConfig",
}


def config_types(drivers: Iterable[str]) -> list[type[SensorConfig]]:
    """Import these drivers and give the configuration of each.

    Raises:
        KeyError: There is no such driver.
    """
    places = [(f"drivers.{driver}", DRIVERS[driver]) for driver in drivers]
    return [getattr(importlib.import_module(module), kind) for module, kind in places]


def named(tables: Any) -> list[str]:
    """The drivers that some `[[sensors]]` tables name, whatever else may be wrong in them."""
    rows = tables if isinstance(tables, list) else []
    found = [each.get("driver") for each in rows if isinstance(each, dict)]
    return [each for each in found if isinstance(each, str) and each in DRIVERS]


def decode(table: Any) -> SensorConfig:
    """Read one `[[sensors]]` table.

    Raises:
        msgspec.ValidationError: Something in it is not as it must be.
    """
    if not isinstance(table, dict):
        raise msgspec.ValidationError(f"Expected `object`, got `{type(table).__name__}`")
    if "driver" not in table:
        raise msgspec.ValidationError("Object missing required field `driver`")
    driver = table["driver"]
    if not isinstance(driver, str):
        what = type(driver).__name__
        raise msgspec.ValidationError(f"Expected `str`, got `{what}` - at `$.driver`")
    if driver not in DRIVERS:
        raise msgspec.ValidationError(f"Invalid value '{driver}' - at `$.driver`")
    (kind,) = config_types([driver])
    return msgspec.convert(table, kind)
