"""The tables of the device's configuration: which keys there are, and their bounds."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agent.detectors.air import AirConfig
from agent.detectors.bay import BayConfig
from agent.detectors.calendar import CalendarConfig
from agent.detectors.climate import ClimateConfig
from agent.detectors.co import CoConfig
from agent.detectors.fall import FallConfig
from agent.detectors.fill import FillConfig
from agent.detectors.fire import FireConfig
from agent.detectors.flood import FloodConfig
from agent.detectors.flow import FlowConfig
from agent.detectors.gas import GasConfig
from agent.detectors.hourly import HourlyConfig
from agent.detectors.inactivity import InactivityConfig
from agent.detectors.intrusion import IntrusionConfig
from agent.detectors.neighbour import NeighbourConfig
from agent.detectors.noise import NoiseConfig
from agent.detectors.presence import PresenceConfig
from agent.detectors.report import ReportConfig
from agent.detectors.sos import SosConfig
from agent.detectors.structure import StructureConfig
from agent.detectors.supply import SupplyConfig
from agent.detectors.trespass import TrespassConfig
from agent.detectors.unused import UnusedConfig
from agent.detectors.wandering import WanderingConfig
from agent.detectors.zone import ZoneConfig
from agent.hand_over import HandOverConfig
from agent.stimulus_schedule import SelftestConfig
from agent.values import Hazard, Why
from drivers.board import GpioNumber
from drivers.siren import ToneHz

if TYPE_CHECKING:
    from drivers.board import SensorConfig

    Sensors = list[SensorConfig]
else:
    Sensors = list[Any]  # each is decoded by the driver that it names

Identifier = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,47}\Z")]
SensorName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
HostAndPort = Annotated[
    str, Meta(pattern=r"^([^\s:\[\]]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}\Z")
]
IDENTITY = "/etc/haetae/identity"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key that is not listed here is an error."""


class DeviceConfig(Section, frozen=True, kw_only=True):
    """Who this device is; given at provisioning."""

    id: Identifier = "unprovisioned"
    site: Identifier = "nowhere"


class HubConfig(Section, frozen=True, kw_only=True):
    """The city hub's broker. `tls = false` is accepted for a loopback address only.

    `alternatives` are further addresses of the same hub, as a second line or the other nodes of a
    cluster; whoever answers there shows a certificate for `host`. `budget_kb_per_day` is what the
    connection may cost, in 1000 bytes with all headers; alarms go out over it, too.
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    protocol: Literal["5", "3.1.1"] = "5"
    tls: bool = True
    ca: str = f"{IDENTITY}/ca.pem"
    certificate: str = f"{IDENTITY}/device.pem"
    key: str = f"{IDENTITY}/device.key"
    heartbeat_s: Annotated[float, Meta(ge=1, le=3600)] = 75.0
    puback_timeout_s: Annotated[float, Meta(ge=0.5, le=120)] = 10.0
    alternatives: Annotated[list[HostAndPort], Meta(max_length=8)] = []
    budget_kb_per_day: Annotated[float, Meta(ge=400, le=1e9)] = 2000.0


class UpdatesConfig(Section, frozen=True, kw_only=True):
    """Where releases are listed, on HTTPS; the agent itself never looks there (haetae-update)."""

    catalogue: Annotated[str, Meta(pattern=r"^https://[^\s]{1,500}\Z")]


class NeighbourHub(HubConfig, frozen=True, kw_only=True):
    """Another city's hub, which is sent the events of these hazards and commands nothing."""

    name: SensorName
    hazards: Annotated[list[Hazard], Meta(min_length=1)]


class CommanderConfig(Section, frozen=True, kw_only=True):
    """Somebody whose signed commands are taken: `name` is their `kid`, `key` a PEM file.

    The file has a public key or a certificate, of EC P-256 or Ed25519; `verbs` are what they may.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")]
    key: Annotated[str, Meta(min_length=1)]
    verbs: Annotated[list[str], Meta(min_length=1, max_length=32)]


class SirenConfig(Section, frozen=True, kw_only=True):
    """The sounder's pin. `frequency_hz` is for one without a tone of its own, as 520 or 3100."""

    gpio: GpioNumber
    active_high: bool = True
    frequency_hz: ToneHz | None = None


class LampConfig(Section, frozen=True, kw_only=True):
    """The lamp's pin."""

    gpio: GpioNumber
    active_high: bool = True


class RelayConfig(Section, frozen=True, kw_only=True):
    """What is moved in a fire, gas or CO alarm, as a gas valve; it never moves unless `armed`.

    `armed = true` says that somebody has looked at what hangs on it. `active_high` is false for
    relay boards that switch on at 0 V.
    """

    gpio: GpioNumber
    active_high: bool = True
    armed: bool = False


class DeterrentConfig(Section, frozen=True, kw_only=True):
    """Light and sound that drive animals off a field; as the relay, it never moves unless `armed`.

    A burst lasts `burst_s`; the next comes `pause_s` later at the earliest, `per_hour` of them at
    most. It is silent while an alarm of fire or a call for help is shown.
    """

    gpio: GpioNumber
    active_high: bool = True
    armed: bool = False
    burst_s: Annotated[float, Meta(ge=1, le=60)] = 15.0
    pause_s: Annotated[float, Meta(ge=30, le=3600)] = 60.0
    per_hour: Annotated[int, Meta(ge=1, le=20)] = 8


class VoiceConfig(Section, frozen=True, kw_only=True):
    """A loudspeaker for words between the tones.

    `card` is the name in brackets in /proc/asound/cards, which stays whatever number the kernel
    gives. `scripts/make_prompts.py` fills `folder`.
    """

    card: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
    languages: Annotated[tuple[Literal["ko", "en"], ...], Meta(min_length=1, max_length=2)] = (
        "ko",
        "en",
    )
    folder: str = "/usr/share/haetae/prompts"


class AnnunciatorConfig(Section, frozen=True, kw_only=True):
    """What people hear and see, and the button that hushes (in alarm) or tests (else)."""

    siren: SirenConfig
    lamp: LampConfig | None = None
    voice: VoiceConfig | None = None
    relay: RelayConfig | None = None
    deterrent: DeterrentConfig | None = None
    button: SensorName | None = None
    hush_s: Annotated[float, Meta(ge=60, le=900)] = 540.0  # EN 14604: 5 to 15 minutes


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
    neighbours: Annotated[list[NeighbourHub], Meta(max_length=8)] = []
    commanders: Annotated[list[CommanderConfig], Meta(max_length=16)] = []
    updates: UpdatesConfig | None = None
    annunciator: AnnunciatorConfig
    fire: FireConfig = FireConfig()
    co: CoConfig = CoConfig()
    fall: FallConfig = FallConfig()
    sos: SosConfig = SosConfig()
    supply: SupplyConfig = SupplyConfig()
    calendar: CalendarConfig = CalendarConfig()
    presence: PresenceConfig = PresenceConfig()
    inactivity: InactivityConfig | None = None
    wandering: WanderingConfig | None = None
    zone: ZoneConfig | None = None
    bay: BayConfig | None = None
    trespass: TrespassConfig | None = None
    report: ReportConfig | None = None
    hand_over: HandOverConfig | None = None
    intrusion: IntrusionConfig | None = None
    climate: ClimateConfig | None = None
    air: AirConfig | None = None
    noise: NoiseConfig | None = None
    neighbour: NeighbourConfig = NeighbourConfig()
    flood: FloodConfig = FloodConfig()
    flow: FlowConfig | None = None
    unused: UnusedConfig | None = None
    fill: FillConfig | None = None
    structure: StructureConfig | None = None
    gas: GasConfig | None = None
    hourly: HourlyConfig | None = None
    outdoors: list[SensorName] = []  # they feel the weather: nothing of fire rests on them
    recorder: RecorderConfig = RecorderConfig()
    selftest: SelftestConfig = SelftestConfig()
    sensors: Annotated[Sensors, Meta(min_length=1, max_length=64)]
