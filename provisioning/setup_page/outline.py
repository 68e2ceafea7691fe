"""The outline of what a camera sees, asked of the agent until all its rows have come."""

import threading
import time

from agent.values import Why
from provisioning.remedy import Failure
from provisioning.setup_page.agent_link import AgentLink
from provisioning.setup_page.refusals import RefusedError

WITHIN_S = 18.0  # a row comes each half second; the page waits for 20 s
_LOOK_S = 0.5

NO_OUTLINE = Failure(
    "no-outline",
    Why("카메라의 윤곽이 아직 오지 않았어요.", "The camera's outline has not come yet."),
    Why(
        "카메라가 꺼져 있거나 가려져 있지 않은지 보고, 다시 눌러 주세요.",
        "See that the camera is switched on and not covered, and try again.",
    ),
)


def wait_for_rows(link: AgentLink, camera: str, within_s: float = WITHIN_S) -> list[int]:
    """All rows, from the top, 32 bits each.

    Raises:
        RefusedError: They do not come in time, or no agent answers.
    """
    pause, end = threading.Event(), time.monotonic() + within_s
    while True:
        rows = link.ask(outline=camera).get("rows")
        if isinstance(rows, list) and rows and all(row is not None for row in rows):
            return [int(row) for row in rows]
        if time.monotonic() > end:
            raise RefusedError(NO_OUTLINE, 503)
        pause.wait(_LOOK_S)
