"""This agent, on simulated wires: a button is pressed."""

import contextlib
import time
from pathlib import Path

from agent import __version__
from hw_mocks.child import device_toml, until
from hw_mocks.control import ControlClient
from hw_mocks.peers.hub import Hub
from hw_mocks.peers.process import Process, program

ROOT = Path(__file__).parents[2]
PROFILE = "market-stall"
PRESS_S = 0.1


class Haetae:
    """The whole agent with the ten sensors of a stall."""

    name = "haetae"

    def __init__(self, folder: Path, hub: Hub, python: str) -> None:
        folder.mkdir(parents=True)
        ca, certificate, key = hub.files("demo-stall")
        lines = [f'ca = "{ca}"', f'certificate = "{certificate}"', f'key = "{key}"']
        config = folder / "device.toml"
        config.write_text(device_toml(PROFILE, port=hub.port, hub=lines), "utf-8")
        self._socket, self._status = folder / "control", folder / "run" / "status.json"
        places = ["--state", str(folder / "state"), "--run-dir", str(folder / "run")]
        command = [python, "-m", "hw_mocks", "--config", str(config)]
        self.process = Process(
            [*command, "--control", str(self._socket), *places], folder / "agent.log", folder=ROOT
        )
        self._control: ControlClient | None = None
        self.how = f"{__version__}, profile {PROFILE}, simulated parts and their world in it"

    def start(self) -> None:
        """Start it and wait until it is armed."""
        self._hang_up()
        self._status.unlink(missing_ok=True)
        self._socket.unlink(missing_ok=True)
        self.process.start(lambda: b'"armed":true' in _content(self._status))
        self._control = until(self._connect, 20.0, "the agent's control socket")

    def fire(self, _n: int) -> float:
        """Press the button and let it go; no number is told: its id names the event."""
        if self._control is None:
            raise RuntimeError("not started")
        at = self._control.set("sos.pressed", 1)
        time.sleep(PRESS_S)
        self._control.set("sos.pressed", 0)
        time.sleep(PRESS_S)
        return at

    def stop(self) -> None:
        """End it."""
        self._hang_up()
        self.process.stop()

    def _hang_up(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    def _connect(self) -> ControlClient | None:
        with contextlib.suppress(OSError):
            return ControlClient(self._socket)
        return None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def python() -> str:
    """The interpreter of the project's own environment."""
    found = ROOT / ".venv" / "bin" / "python"
    return str(found) if found.exists() else program("python3")
