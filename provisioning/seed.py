"""The seed: what makes a card this device's own. Written by `flash`, read at the first boot.

It lies on the FAT partition as `haetae/seed.toml`. The claim code in it is the only secret: it is
good once, for this device, until `claim.expires`, and is wiped from the card when it is taken.
"""

import hashlib
import secrets
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w
from msgspec import Meta

from agent.sections import HostAndPort, Identifier
from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to misread
SETUP_CODE_LENGTH = 12  # 60 bits; written in three groups of four
CLAIM_CODE_LENGTH = 26  # 130 bits; never typed by anybody
# users of the hub's broker (provisioning/hub/acl.conf), and its machines: no device is called so
RESERVED = frozenset(
    {"hub", "gateway", "console", "viewer", "home-assistant", "onem2m", "server", "localhost"}
)
_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1}

Pem = Annotated[str, Meta(min_length=64, max_length=65_536)]
# as people write one: digits, and what they put between them
Phone = Annotated[str, Meta(pattern=r"^\+?[0-9][0-9() -]{1,22}[0-9]\Z")]
HexDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key that is not listed here is an error."""


class Authority(Table, frozen=True, kw_only=True):
    """The city's issuing authority: its EST server, and the roots that the device trusts.

    `anchors` are one or two certificates in PEM: today's root and the one that follows it.
    """

    url: Annotated[str, Meta(pattern=r"^https://[^\s/]{1,253}(/[^\s]*)?\Z")]
    anchors: Pem


class Claim(Table, frozen=True, kw_only=True):
    """The one-time claim code, and until when it is good (RFC 3339 with a zone)."""

    code: Annotated[str, Meta(min_length=20, max_length=128)]
    expires: datetime


class Setup(Table, frozen=True, kw_only=True):
    """What tells that somebody holds the label: derived from the setup code, which is not here.

    `salt` and `verifier` are hexadecimal; `psk` is the device's own Wi-Fi's key (IEEE 802.11
    J.4.1) for the network `ssid`.
    """

    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    verifier: HexDigest
    ssid: Annotated[str, Meta(min_length=1, max_length=32)]
    psk: HexDigest


class SeedHub(Table, frozen=True, kw_only=True):
    """The city's broker; as `[hub]` of the configuration."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    protocol: Literal["5", "3.1.1"] = "5"
    alternatives: Annotated[list[HostAndPort], Meta(max_length=8)] = []


class SeedUpdates(Table, frozen=True, kw_only=True):
    """Where releases are listed; as `[updates]` of the configuration."""

    catalogue: Annotated[str, Meta(pattern=r"^https://[^\s]{1,500}\Z")]


class Wifi(Table, frozen=True, kw_only=True):
    """The stall's own network, where there is no cable; `psk` is derived, as in `Setup`."""

    ssid: Annotated[str, Meta(min_length=1, max_length=32)]
    psk: HexDigest
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")] = "KR"


class Seed(Table, frozen=True, kw_only=True):
    """The whole file. `profile` and `place` are proposals, to be confirmed on the setup page.

    `phone` is the office's, for whoever needs help with this device.
    """

    version: Literal[1] = 1
    device: Identifier
    site: Identifier
    place: Why
    profile: Identifier
    authority: Authority
    claim: Claim | None = None  # None once it was used
    setup: Setup
    hub: SeedHub
    updates: SeedUpdates | None = None
    wifi: Wifi | None = None
    phone: Phone | None = None


def new_code(length: int) -> str:
    """A code of that many characters, from the system's source of randomness."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def normal_code(typed: str) -> str:
    """A code as it is meant: people type small letters, spaces, hyphens, O for 0, I or L for 1."""
    plain = typed.upper().translate(str.maketrans("OIL", "011"))
    return "".join(each for each in plain if each in ALPHABET)


def setup_for(code: str, device: str) -> Setup:
    """What the seed keeps of a setup code."""
    salt, ssid = secrets.token_bytes(16), f"Haetae-{device}"[:32]
    psk = hashlib.pbkdf2_hmac("sha1", code.encode(), ssid.encode(), 4096, 32)
    return Setup(salt=salt.hex(), verifier=verifier(code, salt.hex()), ssid=ssid, psk=psk.hex())


def verifier(code: str, salt: str) -> str:
    """What a setup code must come to; takes 16 MiB and some 50 ms (RFC 7914)."""
    return hashlib.scrypt(code.encode(), salt=bytes.fromhex(salt), dklen=32, **_SCRYPT).hex()


def read_seed(path: Path) -> Seed:
    """The seed in a file.

    Raises:
        ProvisioningError: It is missing, damaged or of another version.
    """
    try:
        return parse_seed(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProvisioningError(_unusable(f"{path}: {error}")) from None


def parse_seed(text: str) -> Seed:
    """The seed in a text.

    Raises:
        ValueError: It is no TOML, or not what a seed must be (`msgspec.ValidationError`).
    """
    return msgspec.convert(tomllib.loads(text), Seed)


def seed_text(seed: Seed) -> str:
    """The seed as a file; `parse_seed` reads it back."""
    tables: dict[str, Any] = msgspec.to_builtins(seed, builtin_types=(datetime,))
    return tomli_w.dumps({key: value for key, value in tables.items() if value is not None})


def _unusable(detail: str) -> Failure:
    return Failure(
        "seed-unusable",
        Why(
            "카드에 이 기기의 정보가 없거나 깨져 있습니다.",
            "The card's device data is missing or damaged.",
        ),
        Why("노트북에서 카드를 다시 만들어 주세요.", "Please make the card again on the laptop."),
        detail,
    )
