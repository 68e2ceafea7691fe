"""A device without systemd: the real agent runs from what is installed, and is begun anew.

What stands for systemd is at the outer edge alone: a program `systemctl` that is told `restart` and
`show`, and whoever starts the agent again when it has ended.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.local_link import FILE
from provisioning.update import boot, calm, selection
from provisioning.update.calm import Patience
from provisioning.update.device import Hands
from provisioning.update.facts import Places
from provisioning.update.trial import Terms
from provisioning.update.units import Units
from tests.provisioning.update.releases import LOCK
from tests.running import REPOSITORY, STALL, until

BOARD = "test-board"
NEXT = "0.2.0"
_SYSTEMCTL = """\
#!{python} -IS
import socket, sys
with socket.socket(socket.AF_UNIX) as channel:
    channel.connect({path!r})
    channel.sendall(" ".join(sys.argv[1:]).encode() + b"\\n")
    sys.stdout.write(channel.makefile().readline())
"""
QUICK = Terms(within_s=60.0, settles_s=2.0, soak_s=1.0, hangs_s=8.0, every_s=0.2)
BRISK = Patience(every_s=0.1, dead_after_s=3.0)
DEVICE = 'id = "d-1"\nsite = "test"\n'


def places_in(folder: Path, roots: Path, *, lock: str = LOCK, system: str = "1.0.0") -> Places:
    """Everything of a device below one folder."""
    found = Places(
        configuration=folder / "etc",
        agent_run=folder / "run",
        installed=folder / "installed",
        run=folder / "app",
        updates=folder / "updates",
        update_run=folder / "run-update",
        release_roots=folder / "release-roots.pem",
        version_file=folder / "version.json",
    )
    for each in (
        found.configuration, found.agent_run, found.installed, found.run, found.updates,
        found.update_run,
    ):  # fmt: skip
        each.mkdir(parents=True, exist_ok=True)
    (found.configuration / "device.toml").write_text(f"{STALL}\n[device]\n{DEVICE}")
    found.release_roots.write_bytes(roots.read_bytes())
    version = {"version": system, "board": BOARD, "compatible": BOARD, "lock": lock}
    found.version_file.write_text(json.dumps(version))
    return found


def application(
    version: str = NEXT, changed: Mapping[str, Callable[[str], str]] | None = None
) -> dict[str, bytes]:
    """The agent's package as it stands here, under another version, with some of it changed."""
    files = {
        path.relative_to(REPOSITORY).as_posix(): path.read_bytes()
        for path in (REPOSITORY / "agent").rglob("*.py")
        if "perception" not in path.parts
    }
    name = "agent/__init__.py"
    text = files[name].decode()
    head, _, _ = text.partition("__version__")
    files[name] = f'{head}__version__ = "{version}"\n'.encode()
    for path, change in (changed or {}).items():
        before = files[path].decode()
        files[path] = change(before).encode()
        assert files[path] != before.encode(), path
    return files


class Device:
    """Runs the agent from the current view, again and again as systemd does."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.folder = places.agent_run.parent
        self.log = self.folder / "agent.log"
        self.starts = 0
        self.again = 0  # as systemd counts NRestarts
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.folder / "systemd"))
        self._socket.listen()
        self._systemctl = self.folder / "systemctl"
        told = _SYSTEMCTL.format(python=sys.executable, path=str(self.folder / "systemd"))
        self._systemctl.write_text(told)
        self._systemctl.chmod(0o755)
        self._threads = [threading.Thread(target=each) for each in (self._serve, self._watch)]

    def hands(self, **changed: Any) -> Hands:
        """What an installation on this device works with."""
        given: dict[str, Any] = {
            "places": self.places,
            "units": Units(str(self._systemctl)),
            "terms": QUICK,
            "patience": BRISK,
        }
        return Hands(**given | changed)

    def boot(self) -> None:
        """Switch it on: first what is installed is laid out, then the agent begins."""
        boot.lay_out(self.places)
        self._start()
        for each in self._threads:
            each.start()
        until(self.is_armed, 90, f"armed\n{self.said()}")

    def is_armed(self) -> bool:
        """Whether an agent answers, and is armed."""
        found = calm.status(self.places.agent_run)
        return found is not None and bool(found.body.get("armed"))

    @property
    def software(self) -> str:
        """What the agent that runs now says of itself."""
        found = until(lambda: calm.status(self.places.agent_run), 60, "the agent answers")
        return str(found.body["software"])

    def set(self, knob: str, value: object) -> None:
        """Turn a knob of the simulated wires."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(10)
            channel.connect(str(self.folder / "control"))
            channel.sendall(json.dumps({"set": {knob: value}}).encode() + b"\n")
            answer = json.loads(channel.makefile().readline())
        assert "error" not in answer, answer

    def freeze(self) -> None:
        """Have the agent neither answer nor end."""
        with self._lock:
            if self._process is not None:
                self._process.send_signal(signal.SIGSTOP)

    def said(self) -> str:
        """All that the agents have said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def switch_off(self) -> None:
        """Cut the power of the agent."""
        self._stopping.set()
        with self._lock, suppress(ProcessLookupError):
            if self._process is not None:
                self._process.kill()
                self._process.wait()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for each in self._threads:
            if each.is_alive():
                each.join(20)

    def _start(self) -> None:
        path = f"{self.places.ground.current}:{REPOSITORY}"
        environment = os.environ | {
            "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "hw_mocks",
                    "--config", str(self.places.configuration / "device.toml"),
                    "--control", str(self.folder / "control"),
                    "--state", str(self.folder / "state"),
                    "--run-dir", str(self.places.agent_run),
                ],
                stdout=log, stderr=log, env=environment, cwd=self.folder,
            )  # fmt: skip
        self.starts += 1

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            with self._lock:
                ended = self._process is not None and self._process.poll() is not None
                if ended and not self._stopping.is_set():
                    self.again += 1
                    self._start()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                channel, _ = self._socket.accept()
            except OSError:
                return
            with channel, suppress(OSError):
                words = channel.makefile().readline().split()
                channel.sendall(f"{self._obey(words)}\n".encode())

    def _obey(self, words: list[str]) -> str:
        if "show" in words:
            return str(self.again)
        if "restart" in words and "haetae-agent.service" in words:
            with self._lock:
                if self._process is not None:
                    self._process.terminate()
                    try:
                        self._process.wait(5)
                    except subprocess.TimeoutExpired:
                        self._process.kill()
                        self._process.wait()
                self.again = 0
                self._start()
        return ""


@contextmanager
def running(places: Places) -> Iterator[Device]:
    """A device that is switched on for the length of a `with` block."""
    device = Device(places)
    try:
        device.boot()
        yield device
    finally:
        device.switch_off()


def chosen(places: Places) -> dict[str, str]:
    """The versions in force, by kind, as they are written down."""
    return {kind: each.version for kind, each in selection.read(places.installed).current.items()}


_ANSWERS = """\
import json, os, socket, sys
run, current = sys.argv[1:]
path = os.path.join(run, "setup.sock")
try:
    with open(os.path.join(current, "installed.json")) as file:
        layers = {kind: each["version"] for kind, each in json.load(file).items()}
except OSError:
    layers = {}
status = {
    "at": 1.0, "armed": True, "software": "haetae " + layers.get("application", "0.1.0"),
    "installed": layers, "siren": "quiet", "coverage": {"fire": {"claim": "assumed", "why": ""}},
}
test = {"passed": True, "parts": [{"part": "fire", "passed": True, "detail": ""}]}
fresh = f"{path}.{os.getpid()}"
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(fresh)
    listening.listen()
    os.replace(fresh, path)
    while True:
        channel, _ = listening.accept()
        with channel:
            asked = json.loads(channel.makefile().readline() or "{}")
            told = test if asked.get("selftest") else {"status": status}
            channel.sendall(json.dumps(told).encode() + b"\\n")
"""
_RESTARTS = """\
#!/bin/sh
case "$*" in
*restart*haetae-agent*)
  kill "$(cat {folder}/pid)"
  {python} -IS {folder}/answers.py {run} {current} >/dev/null 2>&1 &
  echo $! >{folder}/pid ;;
*show*) echo 0 ;;
esac
"""


@contextmanager
def answering(places: Places) -> Iterator[Units]:
    """What the agent says on its socket, by a process that says nothing else: it begins quickly."""
    folder = places.agent_run.parent
    (folder / "answers.py").write_text(_ANSWERS)
    systemctl = folder / "systemctl"
    systemctl.write_text(
        _RESTARTS.format(
            folder=folder,
            python=sys.executable,
            run=places.agent_run,
            current=places.ground.current,
        )
    )
    systemctl.chmod(0o755)
    (folder / "pid").write_text("")
    subprocess.run((systemctl, "restart", "haetae-agent"), check=True, stderr=subprocess.DEVNULL)
    try:
        until(lambda: calm.status(places.agent_run), 20, "it answers")
        yield Units(str(systemctl))
    finally:
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


@contextmanager
def saying(run: Path, body: dict[str, Any]) -> Iterator[None]:
    """An agent's socket, on which every question is answered with this status as it then is."""

    def serve() -> None:
        while True:
            channel, _ = listening.accept()
            with channel:
                if not channel.makefile().readline():
                    return
                channel.sendall(json.dumps({"status": body}).encode() + b"\n")

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(run / FILE))
        listening.listen()
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(run / FILE))
            serving.join(10)
