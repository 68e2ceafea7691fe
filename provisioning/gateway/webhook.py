"""Webhook: the CloudEvent by HTTPS POST, signed as Standard Webhooks 1.0.0 says.

Signed is `{webhook-id}.{webhook-timestamp}.{body}`: by HMAC-SHA256 (`v1`) with a secret that both
sides know, or by Ed25519 (`v1a`) with a key whose public half the receiver has. The id names
the event among those of all devices, the same at each attempt; the time is that of the attempt. A
receiver refuses what is older than `REPLAY_S`, and takes each id once.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.signing import Signer
from provisioning.gateway.notice import cloud_event
from provisioning.gateway.post import Poster
from provisioning.gateway.told import Parcel, Told

MEDIA_TYPE = "application/cloudevents+json"
REPLAY_S = 300.0  # to either side, Standard Webhooks "Webhook timestamp"
_SECRET = "whsec_"  # noqa: S105  # how a secret begins, and none itself


class SecretError(Exception):
    """A secret cannot be used; says why."""


class Seal:
    """Signs with every secret and key it has: during a change of key the receiver may have either.

    `now` is Unix seconds.
    """

    def __init__(
        self, secrets: Sequence[bytes], signers: Sequence[Signer], now: Callable[[], float]
    ) -> None:
        self._secrets, self._signers, self._now = tuple(secrets), tuple(signers), now

    def headers(self, name: str, body: bytes) -> dict[str, str]:
        """The three headers of one attempt."""
        stamp = str(int(self._now()))
        content = signed_content(name, stamp, body)
        marks = [f"v1,{_mac(secret, content)}" for secret in self._secrets]
        marks += [f"v1a,{base64.b64encode(each.sign(content)).decode()}" for each in self._signers]
        return {
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(marks),
        }


class WebhookOutput:
    """Posts each event to one address."""

    name = "webhook"

    def __init__(self, poster: Poster, seal: Seal) -> None:
        self._poster, self._seal = poster, seal

    def parcels(self, told: Told) -> list[Parcel]:
        """One CloudEvent; it is signed at each attempt anew."""
        notice = told.notice
        return [Parcel(notice.key, "", cloud_event(notice), notice.lane)]

    def deliver(self, parcel: Parcel) -> None:
        """Post it.

        Raises:
            UndeliveredError: It was not taken now.
            RefusedError: The receiver will never take it.
        """
        headers = self._seal.headers(parcel.key, parcel.body)
        self._poster.post(parcel.body, headers | {"Content-Type": MEDIA_TYPE})


def read_secret(path: Path) -> bytes:
    """A secret from its file: `whsec_` and base64, 24 to 64 bytes.

    Raises:
        SecretError: It is missing, unreadable or not of this form.
    """
    try:
        text = path.read_text("ascii").strip()
        secret = base64.b64decode(text.removeprefix(_SECRET), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise SecretError(f"{path}: {error}") from None
    if not text.startswith(_SECRET) or not 24 <= len(secret) <= 64:
        raise SecretError(f"{path}: not `whsec_` and 24 to 64 bytes in base64")
    return secret


def signed_content(name: str, stamp: str, body: bytes) -> bytes:
    """What a signature is over."""
    return f"{name}.{stamp}.".encode() + body


def is_authentic(headers: Mapping[str, str], body: bytes, *, secret: bytes, now: float) -> bool:
    """What a receiver checks: signature and age, `now` in Unix seconds. For HMAC."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > REPLAY_S:
        return False
    wanted = f"v1,{_mac(secret, signed_content(headers.get('webhook-id', ''), stamp, body))}"
    marks = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), mark.encode()) for mark in marks)


def _mac(secret: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
