"""The gateway as a whole: broker, intake, outputs, and what it says of itself."""

import logging
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from agent.sdnotify import notify
from agent.signing import SigningError, load_signer
from agent.tomlfile import ConfigError
from provisioning.gateway import settings
from provisioning.gateway.answers import Answers
from provisioning.gateway.broker import Broker
from provisioning.gateway.cap import CapOutput
from provisioning.gateway.cap_folder import CapFolder
from provisioning.gateway.home_assistant import HomeAssistantOutput
from provisioning.gateway.intake import Intake
from provisioning.gateway.ngsi_ld import UPSERT, NgsiLdOutput
from provisioning.gateway.onem2m import OneM2MOutput
from provisioning.gateway.outlet import Outlet
from provisioning.gateway.post import Poster
from provisioning.gateway.settings import TOPICS, GatewayConfig
from provisioning.gateway.store import Store
from provisioning.gateway.told import Output, Place, Publisher, UndeliveredError
from provisioning.gateway.webhook import Seal, SecretError, WebhookOutput, read_secret

log = logging.getLogger(__name__)

STATUS = f"{TOPICS}/status"
STATUS_S = 60.0  # the status is said at least so often, and at each change
TURN_S = 1.0
END_S = 5.0
FILE = "gateway.db"


class _Line:
    """The broker's publishing side, for outputs that are made before the connection is."""

    def __init__(self) -> None:
        self.broker: Broker | None = None

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        """As `Broker.publish`.

        Raises:
            UndeliveredError: It was not taken.
        """
        if self.broker is None:
            raise UndeliveredError("not connected yet")
        self.broker.publish(topic, body, retain=retain)


class Gateway:
    """Everything between the broker and the outputs, with its memory in `state`."""

    def __init__(self, config: GatewayConfig, state: Path) -> None:
        """Make all parts; nothing runs yet.

        Raises:
            ConfigError: A certificate, key or secret cannot be used.
            sqlite3.Error: The memory cannot be used.
            OSError: Its folder cannot be made.
        """
        line, tls = _Line(), tls_of(config.broker)
        outputs = make_outputs(config, line)
        self._store = Store(
            state / FILE,
            most=config.spool.most,
            keep_free_bytes=config.spool.keep_free_mb * 1_000_000,
        )
        self._outlets = [Outlet(output, self._store) for output in outputs]
        places = {
            name: Place(each.ko, each.en, each.latitude, each.longitude)
            for name, each in config.places.items()
        }
        self._intake = Intake(self._store, self._outlets, places)
        self._intake.refresh()
        self._broker = line.broker = Broker(
            config.broker,
            topics=self._intake.topics,
            status=STATUS,
            heard=self._intake.hear,
            tls=tls,
        )
        self._answers = [
            Answers(config.broker, topic=each.answers, heard=each.hear, tls=tls)
            for each in outputs
            if isinstance(each, OneM2MOutput)
        ]
        self._said: dict[str, Any] = {}
        self._said_at, self._said_on = 0.0, 0

    def run(self, stop: threading.Event) -> int:
        """Work until `stop`; 1 where a part died, which is a bug: systemd starts it anew."""
        for outlet in self._outlets:
            outlet.start()
        for answers in self._answers:
            answers.start()
        self._broker.start()
        notify("READY=1")
        code = 0
        while not stop.wait(TURN_S):
            if dead := self._dead():
                log.error("ends: no longer at work: %s", ", ".join(dead))
                code = 1
                break
            if self._store.is_damaged:
                log.error("ends: the memory is damaged: the next start sets it aside")
                code = 1
                break
            self._broker.step()
            self._report()
        notify("STOPPING=1")
        for outlet in self._outlets:
            outlet.stop(END_S)
        for answers in self._answers:
            answers.stop()
        self._broker.stop()
        if not any(outlet.is_alive for outlet in self._outlets):
            self._store.close()
        return code

    def status(self) -> dict[str, Any]:
        """What the gateway says of itself, on the retained topic `STATUS`.

        Raises:
            sqlite3.Error: The memory cannot be read.
        """
        troubles = [self._intake.trouble, self._broker.trouble]
        troubles += [each.trouble for each in self._answers]
        return {
            "status": "online",
            "taken": self._intake.taken,
            "repeated": self._intake.repeated,
            "not_understood": self._intake.not_understood,
            "memory": self._store.damage,
            "trouble": next(filter(None, troubles), ""),
            "outputs": {each.output.name: self._status_of(each) for each in self._outlets},
        }

    def _status_of(self, outlet: Outlet) -> dict[str, Any]:
        name = outlet.output.name
        hangs = f"hangs for {outlet.busy_s:.0f} s" if outlet.busy_s > STATUS_S else ""
        return {
            "waiting": self._store.waiting(name),
            "set_aside": self._store.waiting(name, refused=True),
            "delivered": outlet.delivered,
            "given_up": outlet.given_up,
            "trouble": outlet.trouble or hangs,
        }

    def _dead(self) -> list[str]:
        found = [each.output.name for each in self._outlets if not each.is_alive]
        return found if self._broker.is_alive else [*found, "broker"]

    def _report(self) -> None:
        """Say how things stand; that the memory answers is the progress that feeds the watchdog."""
        try:
            found = self.status()
        except sqlite3.Error as error:
            found = {"status": "online", "trouble": f"the disk fails: {error}"}
        notify("WATCHDOG=1")
        now = time.monotonic()
        changes = self._broker.changes
        is_new = found != self._said or changes != self._said_on
        is_due = is_new or now - self._said_at >= STATUS_S
        if is_due and self._broker.say(msgspec.json.encode(found)):
            self._said, self._said_at, self._said_on = found, now, changes


def make_outputs(
    config: GatewayConfig, line: Publisher, now: Callable[[], float] = time.time
) -> list[Output]:
    """The outputs whose tables are there; `now` is Unix seconds, for signatures.

    Raises:
        ConfigError: A secret, key or authority cannot be used.
    """
    found: list[Output] = []
    if (cap := config.cap) is not None:
        folder = None if cap.folder is None else CapFolder(Path(cap.folder), cap.keep_days)
        found.append(CapOutput(cap.sender, cap.topic, folder, line))
    if (home := config.home_assistant) is not None:
        found.append(HomeAssistantOutput(home.prefix, home.topic, STATUS, line))
    if (mobius := config.onem2m) is not None:
        found.append(
            OneM2MOutput(
                mobius.ae, mobius.cse, mobius.container, line, answer_s=mobius.answer_timeout_s
            )
        )
    if (ngsi := config.ngsi_ld) is not None:
        found.append(NgsiLdOutput(_context_broker(ngsi), ngsi.topic, line))
    if (hook := config.webhook) is not None:
        poster = _poster(hook.url, timeout_s=hook.timeout_s, ca=hook.ca)
        found.append(WebhookOutput(poster, _seal(hook, now)))
    return found


def _context_broker(config: settings.NgsiLdConfig) -> Poster | None:
    if config.url is None:
        return None
    headers = {} if config.tenant is None else {"NGSILD-Tenant": config.tenant}
    url = config.url.rstrip("/") + UPSERT
    return _poster(url, timeout_s=config.timeout_s, ca=config.ca, headers=headers)


def _poster(
    url: str, *, timeout_s: float, ca: str, headers: dict[str, str] | None = None
) -> Poster:
    try:
        return Poster(url, timeout_s=timeout_s, ca=ca, headers=headers)
    except OSError as error:
        raise ConfigError(f"{ca}: {error}: name a file of certificates") from None


def _seal(config: settings.WebhookConfig, now: Callable[[], float]) -> Seal:
    try:
        secrets = [read_secret(settings.file_of(each)) for each in config.secrets]
        signers = [load_signer(settings.file_of(each)) for each in config.keys]
    except (SecretError, SigningError) as error:
        raise ConfigError(str(error)) from None
    for path, signer in zip(config.keys, signers, strict=True):
        if signer.algorithm != "EdDSA":
            raise ConfigError(f"{path}: not Ed25519: openssl genpkey -algorithm ed25519")
    return Seal(secrets, signers, now)


def tls_of(config: settings.BrokerConfig) -> ssl.SSLContext | None:
    """TLS 1.2 or newer, the broker verified by name, ourselves shown by certificate.

    Raises:
        ConfigError: A file cannot be used.
    """
    if not config.tls:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(settings.file_of(config.ca))
        certificate, key = map(settings.file_of, (config.certificate, config.key))
        # without a password given, OpenSSL would ask for one on the terminal, and wait
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except OSError as error:
        files = f"{config.ca}, {config.certificate}, {config.key}"
        raise ConfigError(f"{files}: {error}: issue the gateway's certificate") from None
    return context
