"""Nothing real is moved by a test unless somebody has said so: `HAETAE_HIL=1`."""

import os
from collections.abc import Mapping

REFUSED = 64  # EX_USAGE
LEAVE = "HAETAE_HIL"


class OutputsRefusedError(Exception):
    """Siren, lamp, relay or deterrent are real, and nobody has said that they may move."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"refused: {what}: nothing was moved. Siren, lamp, relay and deterrent there are real. "
            f"Stand at the bench, take off what must not move (gas valve, door strike, horn), "
            f"warn who hears it, and then: {LEAVE}=1 make hil RIG=board"
        )


def refuse_real_outputs(
    what: str, *, simulated: object, environment: Mapping[str, str] = os.environ
) -> None:
    """Return only if a test may move the outputs of `what`.

    `simulated` is what the device itself says; only True counts as harmless.

    Raises:
        OutputsRefusedError: They are real, or may be, and HAETAE_HIL is not 1.
    """
    if simulated is not True and environment.get(LEAVE) != "1":
        raise OutputsRefusedError(what)
