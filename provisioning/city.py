"""The city's file: the authority that devices enrol at, the hub they report to, and the office.

One TOML file that the city gives its installers; there is no secret in it. File names in it are
relative to the file itself.

    phone = "053-000-0000"         # the office's, for installers; may be left out
    [authority]
    url = "https://ca.example.kr:9443"
    anchors = "roots.pem"          # one root, or today's and the next
    [hub]
    host = "hub.example.kr"
    [updates]                      # where releases are listed; may be left out
    catalogue = "https://updates.example.kr/haetae/catalogue.jws"
    [office]                       # for `sync` and `revoke` only
    url = "https://ca.example.kr:9444"
    certificate = "operator.pem"
    key = "operator.key"
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import Authority, Phone, SeedHub, SeedUpdates, Table


class CityAuthority(Table, frozen=True, kw_only=True):
    """As `provisioning.seed.Authority`, with the anchors in a file of their own."""

    url: str
    anchors: str


class Office(Table, frozen=True, kw_only=True):
    """Where the authority takes claims and revocations, and as whom the installer comes."""

    url: Annotated[str, Meta(pattern=r"^https://[^\s]+\Z")]
    certificate: str
    key: str


class CityFile(Table, frozen=True, kw_only=True):
    """The file as it is written."""

    authority: CityAuthority
    hub: SeedHub | None = None
    updates: SeedUpdates | None = None
    office: Office | None = None
    phone: Phone | None = None


class City(msgspec.Struct, frozen=True, kw_only=True):
    """The file as it is used: anchors read, paths absolute."""

    authority: Authority
    anchors: Path
    hub: SeedHub | None = None
    updates: SeedUpdates | None = None
    office: Office | None = None
    phone: Phone | None = None


def read_city(path: Path) -> City:
    """The city in a file.

    Raises:
        ProvisioningError: It or its anchors cannot be used.
    """
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), CityFile)
        anchors = _beside(path, found.authority.anchors).read_text("ascii")
        named: dict[str, Any] = {"url": found.authority.url, "anchors": anchors}
        authority = msgspec.convert(named, Authority)
    except (OSError, ValueError) as error:
        raise ProvisioningError(_unusable(f"{path}: {error}")) from None
    office = found.office
    if office is not None:
        office = msgspec.structs.replace(
            office,
            certificate=str(_beside(path, office.certificate)),
            key=str(_beside(path, office.key)),
        )
    roots = _beside(path, found.authority.anchors)
    return City(
        authority=authority,
        anchors=roots,
        hub=found.hub,
        updates=found.updates,
        office=office,
        phone=found.phone,
    )


def _beside(path: Path, name: str) -> Path:
    return path.absolute().parent / name


def _unusable(detail: str) -> Failure:
    return Failure(
        "city-unusable",
        Why(
            "시에서 받은 설정 파일을 읽을 수 없습니다.",
            "The city's file cannot be read.",
        ),
        Why(
            "--city 로 정한 파일과 그 옆의 인증서 파일이 제자리에 있는지 확인하고, "
            "안 되면 시 담당자에게 다시 받아 주세요.",
            "See that the file named by --city and the certificates beside it are in place; "
            "if they are, ask the city for them again.",
        ),
        detail,
    )
