"""`gateway.toml`: which broker, which outputs; checked whole before anything starts."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from agent.addresses import is_loopback
from agent.sections import Section
from agent.tomlfile import finite, keys_of, read_table, refusal, remedy_of

IDENTITY = "/etc/haetae-gateway/identity"
TOPICS = "haetae/gateway/v1"  # below it lies all that the gateway says of its own

Url = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s#]*\Z", max_length=2048)]
Topic = Annotated[str, Meta(pattern=r"^[^\s/+#][^\s+#]*[^\s/+#]\Z", max_length=200)]
Seconds = Annotated[float, Meta(ge=0.5, le=120)]


def file_of(name: str) -> Path:
    """Where a file of IDENTITY is read: systemd hands a copy over, which nobody else can read.

    Elsewhere, and for any other folder, it is the file itself (systemd.exec(5), LoadCredential=).
    """
    path, credentials = Path(name), os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and path.parent == Path(IDENTITY):
        return Path(credentials, f"{path.parent.name}_{path.name}")
    return path


class BrokerConfig(Section, frozen=True, kw_only=True):
    """The hub's broker, as `provisioning/hub/mosquitto.conf` makes it.

    `name` is the client's, under which the broker keeps what comes while the gateway is away;
    `ask_again_s` is how long after a message that could not be kept the broker is asked for it.
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)] = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,47}\Z")] = "haetae-gateway"
    tls: bool = True
    ca: str = f"{IDENTITY}/ca.pem"
    certificate: str = f"{IDENTITY}/gateway.pem"
    key: str = f"{IDENTITY}/gateway.key"
    puback_timeout_s: Seconds = 10.0
    ask_again_s: Seconds = 5.0


class SpoolConfig(Section, frozen=True, kw_only=True):
    """What may wait for each output; beyond that the least urgent is given up, and said.

    `keep_free_mb` (of 1,000,000 bytes) is left to the disk: else what is delivered could not be
    noted.
    """

    most: Annotated[int, Meta(ge=10, le=1_000_000)] = 20_000
    keep_free_mb: Annotated[int, Meta(ge=16, le=1_000_000_000)] = 64


class PlaceConfig(Section, frozen=True, kw_only=True):
    """Where a device is: words for people, and WGS 84 degrees."""

    ko: Annotated[str, Meta(min_length=1, max_length=200)]
    en: Annotated[str, Meta(min_length=1, max_length=200)]
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


class CapConfig(Section, frozen=True, kw_only=True):
    """CAP 1.2: `sender` is unique in the world, such as an address, without `,`, `<` and `&`.

    A file stays in `folder` for `keep_days`.
    """

    sender: Annotated[str, Meta(pattern=r"^[^\s,<&]+\Z", max_length=200)]
    topic: Topic = f"{TOPICS}/cap"
    folder: str | None = None
    keep_days: Annotated[int, Meta(ge=1, le=36500)] = 400


class HomeAssistantConfig(Section, frozen=True, kw_only=True):
    """MQTT discovery: `prefix` as in Home Assistant's own configuration."""

    prefix: Topic = "homeassistant"
    topic: Topic = f"{TOPICS}/home-assistant"


class OneM2MConfig(Section, frozen=True, kw_only=True):
    """oneM2M over the same broker: `container` must be there, it is not made."""

    ae: Annotated[str, Meta(pattern=r"^[^\s+#]+\Z", max_length=200)]
    cse: Annotated[str, Meta(pattern=r"^[^\s+#]+\Z", max_length=200)]
    container: Annotated[str, Meta(pattern=r"^[^\s+#]+\Z", max_length=400)]
    answer_timeout_s: Seconds = 10.0


class NgsiLdConfig(Section, frozen=True, kw_only=True):
    """NGSI-LD: the context broker's address, such as https://orion.example; else a topic."""

    url: Url | None = None
    tenant: Annotated[str, Meta(pattern=r"^\w{1,50}\Z")] | None = None
    ca: str = ""
    topic: Topic = f"{TOPICS}/ngsi-ld"
    timeout_s: Seconds = 10.0


class WebhookConfig(Section, frozen=True, kw_only=True):
    """Webhook: signed with each secret (files) and each Ed25519 key (PEM files)."""

    url: Url
    secrets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    ca: str = ""
    timeout_s: Seconds = 10.0


class GatewayConfig(Section, frozen=True, kw_only=True):
    """The whole file. An output runs if its table is there; `places` is by `site/device`."""

    broker: BrokerConfig = BrokerConfig()
    spool: SpoolConfig = SpoolConfig()
    places: dict[str, PlaceConfig] = msgspec.field(default_factory=dict)
    cap: CapConfig | None = None
    home_assistant: HomeAssistantConfig | None = None
    onem2m: OneM2MConfig | None = None
    ngsi_ld: NgsiLdConfig | None = None
    webhook: WebhookConfig | None = None


def load(path: Path) -> GatewayConfig:
    """Read and check the file.

    Raises:
        agent.tomlfile.ConfigError: It cannot be read, or something in it is not as it must be.
    """
    table = read_table(path)
    try:
        config = msgspec.convert(finite(table), GatewayConfig)
    except msgspec.ValidationError as error:
        remedy = remedy_of(str(error), keys_of(GatewayConfig))
        raise refusal(path, str(error), remedy) from None
    for problem, remedy in _problems(config):
        raise refusal(path, problem, remedy)
    return config


def _problems(config: GatewayConfig) -> Iterator[tuple[str, str]]:
    """What no single key shows: (problem with its place, remedy)."""
    outputs = config.cap, config.home_assistant, config.onem2m, config.ngsi_ld, config.webhook
    if all(each is None for each in outputs):
        yield "no output - at `$`", "add one of [cap] [home_assistant] [onem2m] [ngsi_ld] [webhook]"
    if not config.broker.tls and not is_loopback(config.broker.host):
        yield "plain text to another machine - at `$.broker.tls`", "remove `tls = false`"
    if config.ngsi_ld is not None and config.ngsi_ld.url is not None:
        yield from _url_problems("ngsi_ld", config.ngsi_ld.url)
    if config.webhook is not None:
        yield from _url_problems("webhook", config.webhook.url)
    if config.webhook is not None and not (config.webhook.secrets or config.webhook.keys):
        yield "not signed - at `$.webhook`", "add `secrets = [...]` or `keys = [...]`"
    for place, found in config.places.items():
        if place.count("/") != 1:
            yield f"`{place}` is no device - at `$.places`", 'write "site/device"'
        if (found.latitude is None) != (found.longitude is None):
            yield f"half a position - at `$.places.{place}`", "give both degrees or none"


def _url_problems(name: str, url: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        yield f"{error} - at `$.{name}.url`", "write https://HOST[:PORT]/PATH"
        return
    if parts.username is not None:
        yield f"a password in an address - at `$.{name}.url`", "remove it"
    if parts.scheme == "http" and not is_loopback(host):
        yield f"plain text to another machine - at `$.{name}.url`", "write https://"
