"""The services that run what was installed, as systemd has them; asked and restarted, no more."""

import logging
import subprocess
from dataclasses import dataclass

log = logging.getLogger(__name__)

AGENT, PERCEPTION = "haetae-agent.service", "haetae-perception.service"
SETUP = "haetae-setup.service"
_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Units:
    """By `systemctl`, as it is found on the path."""

    systemctl: str = "systemctl"

    def restart(self) -> None:
        """Have both begin anew; nobody waits for it here, for one of them may never arm."""
        self._run("--no-block", "restart", AGENT, PERCEPTION)
        self._run("--no-block", "try-restart", SETUP)  # nobody uses it now: that was asked

    def again(self) -> int:
        """How often systemd has started the agent again since somebody last asked for it."""
        said = self._run("show", "--property=NRestarts", "--value", AGENT).strip()
        return int(said) if said.isdigit() else 0

    def _run(self, *words: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603  # ours, word by word
                (self.systemctl, *words),
                capture_output=True,
                text=True,
                check=False,
                timeout=_WITHIN_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.error("systemctl %s: %s", words[0], error)  # noqa: TRY400  # no traceback
            return ""
        if done.returncode:
            log.error("systemctl %s: %s", " ".join(words), done.stderr.strip())
        return done.stdout
