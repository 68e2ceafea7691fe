"""How the device's enrolment stands, as `haetae-enroll` last wrote it."""

import logging
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from agent.values import Why
from provisioning.places import CERTIFICATE, FIRST_BOOT, KEY
from provisioning.remedy import Failure

if TYPE_CHECKING:
    from provisioning.setup_page.installation import Places

log = logging.getLogger(__name__)

FILE = "enrolment.json"  # in the run directory
_ENROLLED = Why("신분증이 있어요.", "It has its identity.")
_WAITING = Why("신분증을 기다리고 있어요.", "It waits for its identity.")
_WAIT = Why(
    "인터넷에 연결되면 저절로 받아요. 다른 단계를 먼저 해 주세요.",
    "It comes by itself once there is a network. Please go on with the other steps.",
)
_NOTHING = Why("할 일이 없어요.", "There is nothing to do.")


class Enrolment(msgspec.Struct, frozen=True):
    """The file; what else is in it is for others."""

    state: Literal["waiting", "enrolled", "failed", "quarantined"]
    what: Why | None = None
    remedy: Why | None = None
    not_after: str | None = None


class _FirstBoot(msgspec.Struct, frozen=True):
    """The other file."""

    failures: list[Failure] = []


def read(places: "Places") -> dict[str, Any]:
    """The state for the page: what it is, and what to do."""
    found = _file(places)
    is_whole = all((places.identity / name).exists() for name in (KEY, CERTIFICATE))
    if found is None:
        found = Enrolment("enrolled" if is_whole else "waiting")
    is_good = found.state == "enrolled"
    return {
        "state": found.state,
        "what": found.what or (_ENROLLED if is_good else _WAITING),
        "remedy": found.remedy or (_NOTHING if is_good else _WAIT),
        "not_after": found.not_after,
    }


def card(places: "Places") -> list[dict[str, Why]]:
    """What the last boot found wrong with the card, as `provisioning.first_boot` has told it."""
    path = places.run / FIRST_BOOT
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_FirstBoot).failures
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        log.warning("%s: %s", path, error)
        return []
    return [{"what": each.what, "remedy": each.remedy} for each in found]


def _file(places: "Places") -> Enrolment | None:
    path = places.run / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Enrolment)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s: %s", path, error)
        return None
