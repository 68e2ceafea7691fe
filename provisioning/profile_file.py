"""A profile as it is written, before its parts are held against each other."""

import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from agent.sections import Config
from agent.values import Why
from drivers import catalog
from provisioning.remedy import Failure, ProvisioningError


def read_profile(named: str) -> Config:
    """A profile by its name, or a file: `device.toml` or one of somebody's own.

    Raises:
        ProvisioningError: There is none, or it cannot be understood.
    """
    shipped = resources.files("provisioning") / "profiles" / f"{named}.toml"
    try:
        if shipped.is_file():
            return decoded(shipped.read_text("utf-8"))
        return decoded(Path(named).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProvisioningError(_unreadable(named, str(error))) from None


def decoded(text: str) -> Config:
    """The configuration in a text; two parts may still want one pin.

    Raises:
        ValueError: It is no TOML, or not what a profile must be (`msgspec.ValidationError`).
    """
    table = tomllib.loads(text)
    config = msgspec.convert(table, Config)
    return msgspec.structs.replace(config, sensors=[catalog.decode(x) for x in config.sensors])


def _unreadable(named: str, detail: str) -> Failure:
    return Failure(
        "profile-unreadable",
        Why(f"{named}: 프로필을 읽을 수 없습니다.", f"{named}: this profile cannot be read."),
        Why(
            "이름이 맞는지, 파일이 있는지 보고, 아래에 적힌 곳을 고쳐 주세요.",
            "See that the name is right and the file is there, and mend what is named below.",
        ),
        detail,
    )
