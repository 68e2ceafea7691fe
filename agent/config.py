"""The device's configuration: one TOML file, checked whole before anything starts."""

import difflib
import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.detectors.co import CoConfig
from agent.detectors.fire import FireConfig
from agent.values import Why
from drivers.board import GpioNumber
from drivers.catalog import AnySensor
from drivers.sensor import Quantity

Identifier = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
SensorName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
IDENTITY = "/etc/haetae/identity"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key that is not listed here is an error."""


class DeviceConfig(Section, frozen=True, kw_only=True):
    """Who this device is; given at provisioning."""

    id: Identifier = "unprovisioned"
    site: Identifier = "nowhere"


class HubConfig(Section, frozen=True, kw_only=True):
    """The city hub's broker. `tls = false` is accepted for a loopback address only."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    protocol: Literal["5", "3.1.1"] = "5"
    tls: bool = True
    ca: str = f"{IDENTITY}/ca.pem"
    certificate: str = f"{IDENTITY}/device.pem"
    key: str = f"{IDENTITY}/device.key"
    heartbeat_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    puback_timeout_s: Annotated[float, Meta(ge=0.5, le=120)] = 10.0


class SirenConfig(Section, frozen=True, kw_only=True):
    """The sounder's pin."""

    gpio: GpioNumber
    active_high: bool = True


class LampConfig(Section, frozen=True, kw_only=True):
    """The lamp's pin."""

    gpio: GpioNumber
    active_high: bool = True


class AnnunciatorConfig(Section, frozen=True, kw_only=True):
    """What people hear and see, and the button that hushes (in alarm) or tests (else)."""

    siren: SirenConfig
    lamp: LampConfig | None = None
    button: SensorName | None = None
    hush_s: Annotated[float, Meta(ge=60, le=900)] = 540.0  # EN 14604 §5.13: 5 to 15 minutes


class SosConfig(Section, frozen=True, kw_only=True):
    """The buttons with which people call for help."""

    buttons: list[SensorName] = []


class RecorderConfig(Section, frozen=True, kw_only=True):
    """How much of the past is frozen to disk with an alarm, and how many such recordings stay."""

    minutes: Annotated[float, Meta(ge=1, le=60)] = 5.0
    keep: Annotated[int, Meta(ge=1, le=1000)] = 50


class Config(Section, frozen=True, kw_only=True):
    """The whole file. Without `[device]` and `[hub]` it is a profile."""

    profile: Identifier
    title: Why
    device: DeviceConfig = DeviceConfig()
    hub: HubConfig | None = None
    annunciator: AnnunciatorConfig
    fire: FireConfig = FireConfig()
    co: CoConfig = CoConfig()
    sos: SosConfig = SosConfig()
    recorder: RecorderConfig = RecorderConfig()
    sensors: Annotated[list[AnySensor], Meta(min_length=1, max_length=64)]


class ConfigError(Exception):
    """The file cannot be used; the message is one line that names file, key and remedy."""


def load(path: Path) -> Config:
    """Read and check the file.

    Raises:
        ConfigError: It cannot be read, or something in it is not as it must be.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: name a readable file with --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8: save it as UTF-8") from None
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_in_words(str(error))}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: {_place(str(error), text)}") from None
    for problem in _problems(config):
        raise ConfigError(f"{path}: {problem}")
    return config
