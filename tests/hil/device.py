"""What a test asks of the device, the same on every rig."""

import json
from collections.abc import Callable
from typing import Any

from hw_mocks.child import TooLateError, until
from tests.hil.rigs.rig import Capability, CommandError, Rig, RigError


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


def about(rig: Rig) -> str:
    """The device in a line: software, processor, and whether its wires are real."""
    found = status(rig)
    wires = "simulated wires" if found.get("simulated") else "real wires"
    try:
        machine = rig.run("uname -m").strip()
        model = rig.run("tr -d '\\0' </proc/device-tree/model 2>/dev/null || true").strip()
    except RigError as error:
        machine, model = str(error), ""
    return ", ".join(filter(None, (found.get("software"), model, machine, wires)))


def last_words(rig: Rig) -> str:
    """What the agent has last written, for whoever reads why a test failed; never raises."""
    journal = "journalctl --unit=haetae-agent --lines=80 --no-pager"
    try:
        logged = rig.run(journal) if Capability.INIT in rig.can else ""
    except RigError as error:
        logged = str(error)
    return f"{logged}\n{json.dumps(status(rig), indent=1, ensure_ascii=False)}"
