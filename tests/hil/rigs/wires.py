"""Hands and eyes on simulated wires: the control socket, wherever it is."""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from hw_mocks.chips import chip
from hw_mocks.clock import SetWall
from tests.hil.rigs.rig import RigError


class Hands:
    """Turns knobs and sees the siren by `ask`: one question to the control socket, its answer.

    `ask` raises OSError or ValueError where nobody answers or what was asked is refused.
    A device that starts anew has its knobs at rest; `turn_again` puts them where they were.
    """

    def __init__(self, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._ask = ask
        self._turned: dict[str, float | str] = {}

    def turn(self, knobs: Mapping[str, float | str]) -> None:
        """Turn knobs, and hold them there.

        Raises:
            RigError: There is no such knob, or nobody answers.
        """
        self._asked({"set": dict(knobs)})
        self._turned |= knobs

    def turn_again(self) -> None:
        """Turn all knobs to where they were before the device's start.

        Raises:
            RigError: Nobody answers.
        """
        if self._turned:
            self._asked({"set": self._turned})

    def let_go(self) -> None:
        """Forget what was turned: the next start finds all at rest."""
        self._turned.clear()

    def edges(self, output: str) -> list[tuple[float, bool]]:
        """The latest changes of an output: the device's monotonic seconds, level.

        Raises:
            RigError: Nobody answers.
        """
        name = f"{output}.edges"
        return [(float(at), bool(level)) for at, level in self._asked({"get": name})[name]]

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._ask(question)
        except (OSError, ValueError) as error:
            raise RigError(f"control socket: {error}") from error


def knobs_of(profile: str) -> frozenset[str]:
    """The knobs that simulated wires have under a configuration, given as its text."""
    found = {f"clock.{knob}" for knob in SetWall.KNOBS}
    for sensor in tomllib.loads(profile)["sensors"]:
        knobs = (*chip(sensor["driver"]).knobs, "fault")
        found |= {f"{sensor['name']}.{knob}" for knob in knobs}
    return frozenset(found)
