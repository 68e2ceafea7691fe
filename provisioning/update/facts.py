"""What this device is and what is in force on it: by that releases are chosen, and refused."""

import logging
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import agent
from agent.wallclock import read_wall_clock
from provisioning.places import (
    APPLICATION_RUN,
    CONFIGURATION,
    DEVICE_TOML,
    INSTALLED,
    RELEASE_ROOTS,
    RUN,
    UPDATE_RUN,
    UPDATES,
    VERSION_FILE,
)
from provisioning.update import selection
from provisioning.update.manifest import APPLICATION, KEYS, ROOTS_FILE, SYSTEM
from provisioning.update.rollout import Facts
from provisioning.update.selection import Layer, Layers
from provisioning.update.signing import Moment, moment
from provisioning.update.slot_record import SystemVersion, running_version
from provisioning.update.trees import FILES
from provisioning.update.versions import is_newer
from provisioning.update.view import Ground

log = logging.getLogger(__name__)

SHIPPED = Path(agent.__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of an update lies; a test has its own."""

    configuration: Path = CONFIGURATION
    agent_run: Path = RUN
    installed: Path = INSTALLED
    shipped: Path = SHIPPED
    run: Path = APPLICATION_RUN
    updates: Path = UPDATES
    update_run: Path = UPDATE_RUN
    release_roots: Path = RELEASE_ROOTS
    version_file: Path = VERSION_FILE

    @property
    def ground(self) -> Ground:
        """What views are made of."""
        return Ground(self.installed, self.shipped, self.run)

    @property
    def system(self) -> SystemVersion:
        """The system that runs."""
        return running_version(self.version_file)


def now() -> Moment:
    """What this device knows of the time."""
    return moment(read_wall_clock())


def facts(places: Places) -> Facts:
    """What releases are held against; below its floor nothing is taken."""
    system, chosen = places.system, selection.read(places.installed)
    layers, _aside = in_force(places, chosen.current)
    versions = {APPLICATION: shipped_version(), **{k: e.version for k, e in layers.items()}}
    if system.version:
        versions[SYSTEM] = system.version
    table = device_table(places.configuration)
    return Facts(
        device=str(table.get("device", {}).get("id", "")),
        board=system.board or system.compatible,
        profile=str(table.get("profile", "")),
        lock=system.lock,
        versions=versions,
        floor=selection.read_floor(places.installed),
        failed=frozenset(chosen.failed),
    )


def shipped_version() -> str:
    """The application that is in the system itself."""
    return agent.__version__


def in_force(places: Places, layers: Layers) -> tuple[dict[str, Layer], dict[str, str]]:
    """Which of these bundles run on this system; of the others, by kind, why they are left aside.

    A system that is newer than an application brings its own; data are for the system that they
    were tried on. When a system is taken back, what ran on it is in force again.
    """
    system, shown, aside = places.system, dict[str, Layer](), dict[str, str]()
    for kind, layer in layers.items():
        if kind == APPLICATION and layer.lock != system.lock:
            aside[kind] = f"{layer.version} is for other packages than this system has"
        elif kind == APPLICATION and not is_newer(layer.version, shipped_version()):
            aside[kind] = f"{layer.version} is not newer than the system's own {shipped_version()}"
        elif kind not in {APPLICATION, KEYS} and layer.system != system.version:
            aside[kind] = f"{layer.version} was tried on system {layer.system or 'unnamed'}"
        else:
            shown[kind] = layer
    return shown, aside


def roots(places: Places, layers: Layers) -> Sequence[Path]:
    """The files of release roots; the first that is there counts."""
    if (keys := layers.get(KEYS)) is None:
        return (places.release_roots,)
    return (places.installed / keys.sha256 / FILES / ROOTS_FILE, places.release_roots)


def device_table(configuration: Path) -> dict[str, Any]:
    """The device's configuration as it stands in its file; empty where it cannot be read."""
    try:
        return tomllib.loads((configuration / DEVICE_TOML).read_text("utf-8"))
    except (OSError, ValueError) as error:
        log.warning("%s: %s", configuration / DEVICE_TOML, error)
        return {}
