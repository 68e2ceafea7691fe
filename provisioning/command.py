r"""Sign a command for a device; the line that is printed is what is published on its topic.

    python -m provisioning.command --key KEY.pem --kid NAME --site SITE --device ID \
        VERB [FIELD=VALUE ...]

`--kid` is the commander's name in the device's `[[commanders]]`. A value is JSON or else a word;
`toml=@FILE` reads a file, and its `sha256` is added. Publish at QoS 1, not retained:

    mosquitto_pub ... -q 1 -t "haetae/v1/SITE/ID/cmd/VERB" -s
"""

import argparse
import base64
import hashlib
import json
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.commands import VERBS

USAGE = 64  # EX_USAGE
LIFE_S = 120.0
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class CommandError(Exception):
    """It cannot be signed; one line that says why."""


def load_key(path: Path) -> Key:
    """A private key of EC P-256 or Ed25519, from a PEM file.

    Raises:
        CommandError: It is none.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:  # TypeError: it has a pass phrase
        raise CommandError(f"{path}: {error}") from None
    is_p256 = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    if is_p256 or isinstance(key, ed25519.Ed25519PrivateKey):
        return key  # type: ignore[return-value]  # mypy does not follow `is_p256`
    raise CommandError(f"{path}: neither EC P-256 nor Ed25519: openssl genpkey -algorithm ed25519")


def command(  # noqa: PLR0913  # what every command says
    verb: str,
    own: dict[str, Any],
    *,
    site: str,
    device: str,
    by: str,
    now: datetime,
    life_s: float = LIFE_S,
) -> bytes:
    """A command's JSON, as the device would take it, with a fresh nonce.

    Raises:
        CommandError: There is no such verb, or its fields are not so.
    """
    if (kind := VERBS.get(verb)) is None:
        raise CommandError(f"{verb}: one of {', '.join(VERBS)}")
    fields = {
        "id": secrets.token_urlsafe(12),
        "issued": now.isoformat(),
        "expires": (now + timedelta(seconds=life_s)).isoformat(),
        "by": by,
        "to": f"haetae/v1/{site}/{device}/cmd/{verb}",
    } | own
    if "toml" in own:
        fields.setdefault("sha256", hashlib.sha256(str(own["toml"]).encode()).hexdigest())
    try:
        return msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(fields), type=kind))
    except msgspec.ValidationError as error:
        raise CommandError(f"{verb}: {error}") from None


def sign(payload: bytes, key: Key, kid: str) -> bytes:
    """The payload as a compact JWS (RFC 7515), by ES256 or EdDSA as the key is."""
    algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "EdDSA"
    header = json.dumps({"alg": algorithm, "kid": kid}, separators=(",", ":")).encode()
    signed = _base64url(header) + b"." + _base64url(payload)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    else:
        signature = key.sign(signed)
    return signed + b"." + _base64url(signature)


def main(argv: list[str] | None = None) -> int:
    """Print one signed command."""
    args = _parser().parse_args(argv)
    try:
        own = dict(_field(each) for each in args.field)
        payload = command(
            args.verb, own, site=args.site, device=args.device, by=args.by or args.kid,
            now=datetime.now(UTC), life_s=args.life,
        )  # fmt: skip
        sys.stdout.write(sign(payload, load_key(args.key), args.kid).decode() + "\n")
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m provisioning.command",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--key", type=Path, required=True, help="private key, PEM")
    parser.add_argument("--kid", required=True, help="the commander's name at the device")
    parser.add_argument("--site", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--by", default="", help="who, for people; else the kid")
    parser.add_argument("--life", type=float, default=LIFE_S, metavar="S", help="600 at most")
    parser.add_argument("verb", choices=list(VERBS))
    parser.add_argument("field", nargs="*", metavar="FIELD=VALUE")
    return parser


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"{text}: FIELD=VALUE is expected")
    if value.startswith("@"):
        try:
            return name, Path(value[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{value[1:]}: {error}") from None
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


if __name__ == "__main__":
    sys.exit(main())
