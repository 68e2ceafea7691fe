"""`ca.toml`: where the authority's files are, who it is, and for how long it vouches."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from provisioning.ca.issuer import Terms
from provisioning.identity_wording import error as failed

Days = Annotated[int, Meta(ge=1, le=3650)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file. Relative paths are relative to it.

    `roots` has today's root and, if there is one, the next; `crossed` what they say of each other.
    `after_crl` is run, without a shell, each time that the list of revoked certificates is written.
    """

    roots: str = "roots.pem"
    crossed: str = ""
    issuer: str = "issuer.pem"
    issuer_key: str = "issuer.key"
    passphrase_file: str
    registry: str = "registry.sqlite"
    crl: str = "crl.pem"
    after_crl: list[str] = []
    address: str = "0.0.0.0"  # noqa: S104  # devices come from anywhere
    port: Port = 8443
    office_port: Port = 8444
    hosts: Annotated[list[str], Meta(min_length=1, max_length=16)]
    certificate_days: Days = 365
    quarantine_days: Days = 30
    grace_days: Days = 400
    crl_days: Days = 30

    @property
    def terms(self) -> Terms:
        """For how long it vouches."""
        return Terms(
            lasts=timedelta(days=self.certificate_days),
            quarantine_lasts=timedelta(days=self.quarantine_days),
            grace=timedelta(days=self.grace_days),
        )


def read_settings(path: Path) -> Settings:
    """Read the file, its paths made absolute.

    Raises:
        ProvisioningError: It is missing, no TOML, or not what it must be.
    """
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Settings)
    except (OSError, ValueError) as error:
        raise failed("authority-files", f"{path}: {error}") from None
    folder = path.resolve().parent
    names = ("roots", "crossed", "issuer", "issuer_key", "passphrase_file", "registry", "crl")
    absolute = {name: str(folder / value) for name in names if (value := getattr(found, name))}
    return msgspec.structs.replace(found, **absolute)
