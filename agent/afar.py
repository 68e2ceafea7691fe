"""What a configuration from afar may change, and what it may not.

Whoever installs a device answers for its wiring, its identity and what makes it sound in a fire;
nobody far away can see whether a sensor hangs where the file says.
"""

from typing import Any

import msgspec

from agent.coverage import FLOOR, standing_for
from agent.sections import AnnunciatorConfig, Config

# who the device is and whom it obeys; and the floor, which nobody weakens from afar
FIXED = ("device", "hub", "commanders", "neighbours", "updates", "fire", "co", "gas")
# each watches over something while it is there
WATCHES = (
    "inactivity",
    "wandering",
    "intrusion",
    "climate",
    "air",
    "noise",
    "zone",
    "bay",
    "trespass",
    "report",
    "flow",
    "unused",
    "fill",
    "structure",
    "hourly",
)


class NotFromAfarError(Exception):
    """It changes what only somebody at the device may; the message names the place."""


def merged(installed: Config, remote: Config) -> Config:
    """`remote` with what is fixed as `installed` has it. What it leaves out of that may be absent.

    Raises:
        NotFromAfarError: It says otherwise than `installed` of something that is fixed.
    """
    defaults = {each.name: _default(each) for each in msgspec.structs.fields(Config)}
    fixed: dict[str, Any] = {}
    for name in FIXED:
        if name not in defaults:
            continue
        fixed[name], asked = getattr(installed, name), getattr(remote, name)
        if asked not in (fixed[name], defaults[name]):
            raise NotFromAfarError(f"`$.{name}` is changed only in the device's own file")
    if _wiring(remote.annunciator) != _wiring(installed.annunciator):
        what = "`$.annunciator` but for its voice is changed only in the device's own file"
        raise NotFromAfarError(what)
    if _perceived(remote) != _perceived(installed):
        what = "cameras and microphones in `$.sensors` are changed only in the device's own file"
        raise NotFromAfarError(what)
    return msgspec.structs.replace(remote, **fixed)


def given_up(before: Config, after: Config) -> list[str]:
    """What `before` detects and `after` may not: a sensor gone or otherwise set counts as lost."""
    lost: list[str] = []
    then = {each.name: each for each in before.sensors}
    now = {each.name: each for each in after.sensors}
    for hazard in FLOOR:
        left = set(standing_for(after, hazard))
        lost += [
            f"{hazard} by {name}"
            for name in standing_for(before, hazard)
            if name not in left or now[name] != then[name]
        ]
    lost += [each for each in WATCHES if getattr(before, each) and not getattr(after, each)]
    return lost


def _wiring(annunciator: AnnunciatorConfig) -> AnnunciatorConfig:
    return msgspec.structs.replace(annunciator, voice=None)


def _perceived(config: Config) -> list[Any]:
    """What the other process reads from the installed file, where it reads no other."""
    return [each for each in config.sensors if each.is_perceived]


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
