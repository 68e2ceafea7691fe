"""What the configuration of perceived sensors (camera, microphone) must hold to, all together."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from drivers.outline import COLUMNS
from drivers.record import BUDGET_BYTES_S, SIZE, TABLE, source_of
from drivers.sensor import Quantity

if TYPE_CHECKING:
    from agent.sections import Config
    from drivers.board import Board, SensorConfig

_SWITCHES = frozenset({Quantity.BUTTON, Quantity.CONTACT_OPEN})


def problems(
    sensors: Sequence["SensorConfig"], buttons_taken: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What no single key shows: (problem with its place, remedy).

    Args:
        sensors: All of the file's.
        buttons_taken: The buttons that call for help, hush or test.
    """
    switches = [each.name for each in sensors if _SWITCHES & each.spans.keys()]
    owners: dict[int, str] = {}
    bytes_s = 0.0
    for n, each in enumerate(sensors):
        yield from _mute(f"sensors[{n}].mute", each.muted_by(), switches, buttons_taken)
        if not each.is_perceived:
            continue
        other = owners.setdefault(source_of(each.name), each.name)
        if other != each.name:
            problem = f"on the wire `{each.name}` is not to be told from `{other}`"
            yield f"{problem} - at `$.sensors[{n}].name`", "change one of the names"
        bytes_s += SIZE * sum(TABLE[q].hz for q in each.spans if q in TABLE)
        if bytes_s > BUDGET_BYTES_S:
            problem = f"{bytes_s:.0f} bytes a second from perception - at `$.sensors[{n}]`"
            yield problem, f"fewer cameras: {BUDGET_BYTES_S} at most"


def outline_of(config: "Config", board: "Board", name: str) -> dict[str, Any] | None:
    """What edges the camera `name` sees, as far as they have come; None where it is no camera."""
    for each in config.sensors:
        if each.name == name and each.is_perceived and Quantity.VIEW in each.spans:
            return {"outline": name, "columns": COLUMNS, "rows": board.perception().outline(name)}
    return None


def _mute(
    place: str, switch: str | None, switches: Sequence[str], taken: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if switch is None:
        return
    if switch not in switches:
        problem = f"no button or contact is named `{switch}` - at `$.{place}`"
        yield problem, f"name one of {sorted(switches)} or add a `[[sensors]]` for it"
    if switch in taken:
        problem = f"`{switch}` calls for help, hushes or tests already - at `$.{place}`"
        yield problem, "give each its own button"
