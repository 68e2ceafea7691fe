"""How the enrolment stands: `enrolment.json` in the run directory, for the setup page."""

import logging
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from agent.values import Why
from provisioning.remedy import Failure

log = logging.getLogger(__name__)

FILE = "enrolment.json"
State = Literal["waiting", "enrolled", "failed", "quarantined"]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """The file. `waiting` mends itself; for `failed` and `quarantined` somebody has to act.

    `code` is the failure's, empty where there is none; `not_after` the end of the certificate.
    """

    state: State
    code: str = ""
    what: Why
    remedy: Why
    not_after: datetime | None = None


def enrolled(not_after: datetime | None) -> Enrolment:
    """All is well."""
    what = Why("기기가 등록되어 있습니다.", "The device is enrolled.")
    remedy = Why("할 일이 없습니다.", "There is nothing to do.")
    return Enrolment(state="enrolled", what=what, remedy=remedy, not_after=not_after)


def of(state: State, found: Failure, not_after: datetime | None) -> Enrolment:
    """It does not go on, for this reason."""
    return Enrolment(
        state=state, code=found.code, what=found.what, remedy=found.remedy, not_after=not_after
    )


def tell(run: Path, told: Enrolment) -> None:
    """Write the file in one step; a folder that takes nothing is only logged."""
    try:
        run.mkdir(parents=True, exist_ok=True)
        fresh = run / f".{FILE}.new"
        fresh.write_bytes(msgspec.json.encode(told))
        fresh.replace(run / FILE)
    except OSError as error:
        log.error("enrolment: cannot say how it stands: %s", error)  # noqa: TRY400  # no traceback


def read(run: Path) -> Enrolment | None:
    """How it stood last; None if nobody has tried yet."""
    try:
        return msgspec.json.decode((run / FILE).read_bytes(), type=Enrolment)
    except (OSError, ValueError):
        return None
