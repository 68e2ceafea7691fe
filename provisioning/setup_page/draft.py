"""What has been done so far, kept over a power cut: the installer goes on where they were."""

import logging
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.sections import SensorName
from agent.values import Why
from drivers.camera import Zone
from provisioning.setup_page.files import put

log = logging.getLogger(__name__)

FILE = "setup/draft.json"  # in the configuration's folder
NOTHING = Why("-", "-")

TrialState = Literal["untried", "running", "passed", "failed", "skipped"]
Short = Annotated[str, Meta(max_length=200)]


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one sensor's trial went.

    `proof` is `alarm` where the hazard's own alarm came, `response` where its value moved and came
    back; `code` is a failure's; `reason` says why it was skipped; `at` is RFC 3339.
    """

    state: TrialState = "untried"
    why: Why | None = None
    remedy: Why | None = None
    code: str = ""
    quantity: str = ""
    curve: list[tuple[float, float]] = []
    proof: str = ""
    reason: Short = ""
    at: str = ""
    nonce: str = ""


class Noise(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How loud it is when it is quiet, and what a reference meter said to that, in dB."""

    sensor: SensorName
    state: Literal["running", "passed", "failed"]
    level_dba: float | None = None
    lowest_dba: float | None = None
    highest_dba: float | None = None
    readings: int = 0
    reference_db: float | None = None
    offset_db: float | None = None
    left_s: float = 0.0
    lasts_s: float = 30.0
    at: str = ""
    code: str = ""
    why: Why | None = None
    remedy: Why | None = None


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the hub answers; `code` is the agent's word for why not."""

    state: Literal["untried", "running", "passed", "failed"] = "untried"
    code: str = ""
    why: Why | None = None
    remedy: Why | None = None
    at: str = ""


class Draft(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything that is not yet in a file of its own."""

    version: Literal[1] = 1
    place: Why | None = None
    profile: str = ""
    trials: dict[str, Trial] = {}
    zones: dict[str, list[Zone]] | None = None
    noise: Noise | None = None
    network: Network = msgspec.field(default_factory=Network)


def load(configuration: Path) -> Draft:
    """What was kept; a new one where nothing was, or where it cannot be read."""
    path = configuration / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Draft)
    except FileNotFoundError:
        return Draft()
    except (OSError, ValueError) as error:
        log.warning("%s: begun anew: %s", path, error)
        return Draft()
    found.trials = {n: each for n, each in found.trials.items() if each.state != "running"}
    if found.noise is not None and found.noise.state == "running":
        found.noise = None
    if found.network.state == "running":
        found.network = Network()
    return found


def keep(configuration: Path, draft: Draft) -> None:
    """Have it outlive a power cut.

    Raises:
        OSError: The disk is full, read-only or broken.
    """
    put(configuration / FILE, msgspec.json.encode(draft))
