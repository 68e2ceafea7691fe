"""A reboot that was asked for: granted by the budget and by the agent's word that nothing rings."""

import logging
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.boot_cause import REQUEST, Calm, Request, read_calm, read_told
from agent.envelope import kernel_boot
from provisioning.places import RUN
from provisioning.recovery.reboots import Reboots

log = logging.getLogger(__name__)

FRESH_S = 60.0  # a request; whoever wants it still asks again
CALM_FRESH_S = 20.0  # the agent's word
NETWORK_RUN = Path("/run/haetae-network")
REBOOT = ("/usr/bin/systemctl", "--no-block", "reboot")


def _call(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False, timeout=30).returncode  # noqa: S603  # fixed words


@dataclass(frozen=True, slots=True)
class Granting:
    """Looks for requests in `folders`: the agent's run directory, and the network's.

    Who writes in a folder says so truthfully or not: its budget is the folder's own.
    """

    reboots: Reboots
    folders: dict[str, Path] = field(default_factory=lambda: {"agent": RUN, "network": NETWORK_RUN})
    call: Callable[[Sequence[str]], int] = _call
    boot: str = field(default_factory=kernel_boot)
    clock: Callable[[], float] = time.monotonic

    def look(self) -> str:
        """Order the first reboot that is asked for and allowed; what became of it, in a line.

        Raises:
            OSError: The ledger cannot be written: then nothing is ordered.
        """
        said = "nothing is asked for"
        for by, folder in self.folders.items():
            if (asked := self._asked(folder)) is None:
                continue
            refused = disturbed(self.folders["agent"], self.boot, self.clock())
            if refused := refused or self.reboots.order(by, asked.reason):
                said = f"{by}: refused: {refused}: {asked.reason}"
            else:
                log.warning("reboot: %s: %s", by, asked.reason)
                code = self.call(REBOOT)
                return f"{by}: ordered{f', refused by systemd ({code})' if code else ''}"
        return said

    def _asked(self, folder: Path) -> Request | None:
        if (found := read_told(folder / REQUEST, Request)) is None:
            return None
        is_fresh = 0 <= self.clock() - found.monotonic_s <= FRESH_S
        return found if found.boot == self.boot and is_fresh else None


def disturbed(agent_run: Path, boot: str, now: float) -> str:
    """Why nobody may interrupt the watch now: the agent says so, or says nothing."""
    calm: Calm | None = read_calm(agent_run)
    if calm is None or calm.boot != boot:
        return "the agent has not said that nothing rings"
    if not 0 <= now - calm.monotonic_s <= CALM_FRESH_S:
        return "the agent's word that nothing rings is old"
    return "" if calm.calm else "something rings, or somebody is asked"
