"""A device as it is now: its own retained state, and the events that came since."""

from typing import Literal

import msgspec

from agent.values import Stage
from provisioning.gateway.notice import UNREADABLE, Notice, is_word

OFFLINE = b"offline"


class Report(msgspec.Struct, frozen=True):
    """The device's retained `state` as far as it is needed: see `agent.status.State`."""

    status: Literal["online", "offline"] = "online"
    coverage: dict[str, str] = {}
    simulated: bool = False
    active: dict[str, str] = {}
    siren: str = "quiet"
    pending: int = 0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one device.

    `active` gives hazard and stage of each incident under way by its last event's id, `open` that
    id by hazard and subject, `hazards` every hazard that was ever heard of.
    """

    site: str
    device: str
    connected: bool = False
    simulated: bool = False
    coverage: dict[str, str] = {}
    active: dict[str, str] = {}
    open: dict[str, str] = {}
    hazards: list[str] = []
    siren: str = "quiet"
    pending: int = 0

    def stage(self, hazard: str) -> str:
        """The worst stage that this hazard has now; `clear` if there is none."""
        stages = {
            told.partition(" ")[2] for told in self.active.values() if told.startswith(f"{hazard} ")
        }
        worst = (Stage.ALARM, Stage.PREALARM)
        return next((str(stage) for stage in worst if stage in stages), "clear")


def reported(view: View, body: bytes) -> View | None:
    """The view after the device's own word; None where that is not understood.

    A device that is gone keeps its alarms: fire takes devices.
    """
    if body == OFFLINE:
        return msgspec.structs.replace(view, connected=False)
    try:
        report = msgspec.json.decode(body, type=Report)
    except ValueError:  # no JSON, or no UTF-8
        return None
    named = {told.partition(" ")[0] for told in report.active.values()}
    coverage = {hazard: claim for hazard, claim in report.coverage.items() if is_word(hazard)}
    return msgspec.structs.replace(
        view,
        connected=report.status == "online",
        simulated=report.simulated,
        coverage=coverage,
        active=report.active,
        open={what: id_ for what, id_ in view.open.items() if id_ in report.active},
        hazards=sorted({*view.hazards, *coverage, *filter(is_word, named)}),
        siren=report.siren,
        pending=report.pending,
    )


def happened(view: View, notice: Notice) -> View:
    """The view after an event. What is old or a test changes nothing: it tells nothing of now."""
    hazards = sorted({*view.hazards, notice.hazard})
    if notice.historical or notice.inspection or notice.stage == UNREADABLE:
        return msgspec.structs.replace(view, hazards=hazards)
    what = f"{notice.hazard} {notice.subject}"
    active, still = dict(view.active), dict(view.open)
    active.pop(still.pop(what, ""), None)
    if notice.stage != Stage.CLEARED:
        active[notice.id] = f"{notice.hazard} {notice.stage}"
        still[what] = notice.id
    return msgspec.structs.replace(
        view, active=active, open=still, hazards=hazards, simulated=notice.simulated
    )
