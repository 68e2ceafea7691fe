"""What a test asks of the device, the same on every rig."""

import json
from collections.abc import Callable
from typing import Any

from hw_mocks.child import TooLateError, until
from tests.hil.rigs.rig import CommandError, Rig, RigError


def haetae(rig: Rig, words: str, within_s: float = 60) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of `haetae WORDS --json`, and what it printed."""
    try:
        code, said = 0, rig.run(f"{rig.at.haetae} {words} --json", within_s)
    except CommandError as error:
        code, said = error.code, error.said
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return code, [json.loads(line) for line in lines]


def status(rig: Rig) -> dict[str, Any]:
    """What the running agent says of itself; empty while there is none."""
    try:
        found: dict[str, Any] = json.loads(rig.get(f"{rig.at.run_dir}/status.json"))
    except (RigError, ValueError):
        return {}
    return found


def wait(holds: Callable[[], Any], within_s: float, what: str) -> Any:
    """The first true answer; fails, naming `what`, after so many seconds."""
    try:
        return until(lambda: holds() or None, within_s, what)
    except TooLateError as error:
        raise AssertionError(str(error)) from error
