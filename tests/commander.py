"""Somebody who commands devices, by a key of their own."""

import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.commands import VERBS
from agent.sections import CommanderConfig
from provisioning.command import Key, command, sign
from tests.agent.orders import NOW

LIFE = timedelta(seconds=300)


class Commander:
    """Signs as `name`; `config` is what a device knows of it, its public key in `folder`."""

    def __init__(
        self, folder: Path, name: str = "night-desk", key: Key | None = None, *verbs: str
    ) -> None:
        self.name, self.verbs = name, list(verbs or VERBS)
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self._public = folder / f"{name}.pub.pem"
        folder.mkdir(parents=True, exist_ok=True)
        self._public.write_bytes(
            self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    @property
    def config(self) -> CommanderConfig:
        return CommanderConfig(name=self.name, key=str(self._public), verbs=self.verbs)

    @property
    def table(self) -> str:
        """The same as TOML."""
        lines = (("name", self.name), ("key", str(self._public)), ("verbs", self.verbs))
        return "\n".join(["[[commanders]]", *(f"{k} = {json.dumps(v)}" for k, v in lines), ""])

    def command(
        self,
        verb: str,
        *,
        site: str = "test",
        device: str = "stall-17",
        now: datetime = NOW - timedelta(seconds=10),
        life_s: float = LIFE.total_seconds(),
        **own: Any,
    ) -> bytes:
        """A signed one; `own` are the verb's fields, or replace the others."""
        own = {"id": secrets.token_urlsafe(12)} | own
        payload = command(
            verb, own, site=site, device=device, by="Kim", now=now, life_s=life_s
        )  # fmt: skip
        return sign(payload, self.key, self.name)


def edwards() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()
