"""A bench without a board: this machine's sshd, and the agent on simulated wires behind it.

    python -m tests.hil.loopback FOLDER start|stop|kill|edges
    python -m tests.hil.loopback FOLDER power on|off
    python -m tests.hil.loopback FOLDER knob NAME VALUE

SSH, files, relays and power are really used; the board is not one. It does not imitate an init
(`kill` starts the agent again), a boot, or a kernel that loses what was not synced.
"""

import contextlib
import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import tomli_w

from hw_mocks.broker import free_port
from hw_mocks.child import until
from hw_mocks.control import ControlClient
from hw_mocks.peers.process import listens

REPOSITORY = Path(__file__).parents[2]
STALL = REPOSITORY / "provisioning" / "profiles" / "market-stall.toml"
PRESSED = ("sos.pressed", "hush.pressed", "smoke_alarm.alarm")
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_UP_S = 30.0
_SSHD = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile {folder}/sshd.pid
AllowUsers {user}
AuthenticationMethods publickey
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
SetEnv SHLVL=1
"""  # the last keeps bash from reading a developer's .bashrc at every command


class Bench:
    """Everything is in `folder`, so that each command finds what the one before has left."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.file = folder, folder / "board.toml"
        self.config, self.control = folder / "device.toml", folder / "control"
        self.state, self.run_dir = folder / "state", folder / "run"
        self._me = [sys.executable, "-m", "tests.hil.loopback", str(folder)]
        self._knobs, self._agent = folder / "knobs.json", folder / "agent.pid"

    def build(self) -> None:
        """Make keys and configurations; nothing runs yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in ("host_key", "user_key"):
            command = [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                str(self._folder / name),
            ]
            subprocess.run(command, check=True)
        port, public = free_port(), (self._folder / "host_key.pub").read_text()
        (self._folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
        text = _SSHD.format(port=port, folder=self._folder, user=getpass.getuser())
        (self._folder / "sshd.conf").write_text(text)
        (self._folder / "port").write_text(str(port))
        self.config.write_text(f"# the installer's own words\n{STALL.read_text()}")
        self.file.write_text(tomli_w.dumps(self.bench()))

    def do(self, *words: str) -> None:
        """One of the commands above, as a process of its own."""
        subprocess.run([*self._me, *words], check=True, cwd=REPOSITORY)

    def bench(self) -> dict[str, object]:
        """Its board.toml, as tables."""
        me = self._me
        here = f"cd {REPOSITORY} && {' '.join(me)}"
        program = f"{sys.executable} -c 'import agent.cli as cli; raise SystemExit(cli.main())'"
        python = f"env PYTHONPATH={REPOSITORY} "
        relays = {
            knob: {"on": [*me, "knob", knob, "1"], "off": [*me, "knob", knob, "0"]}
            for knob in PRESSED
        }
        gone = [*me, "knob", "gas.fault"]
        cut = {"when": "absent", "on": [*gone, "absent"], "off": [*gone, "none"]}
        return {
            "ssh": {
                "host": "127.0.0.1",
                "port": int((self._folder / "port").read_text()),
                "user": getpass.getuser(),
                "key": str(self._folder / "user_key"),
                "known_hosts": str(self._folder / "known_hosts"),
            },
            "device": {
                "haetae": python + program,
                "python": python + sys.executable,
                "config": str(self.config),
                "state": str(self.state),
                "run_dir": str(self.run_dir),
                "identity": str(self._folder / "identity"),
                "owner": "",
                "start": f"{here} start",
                "stop": f"{here} stop",
                "kill": f"{here} kill",
                "reboot": "",
                "set_clock": "",
                "armed_within_s": 60.0,
            },
            "hub": {"address": "127.0.0.1"},
            "relays": {**relays, "gas.fault": cut},
            "power": {"on": [*me, "power", "on"], "off": [*me, "power", "off"]},
            "siren": {"edges": [*me, "edges"]},
        }

    def switch_on(self) -> None:
        """Power: sshd and the agent come up; what is up stays so."""
        if not listens(port := int((self._folder / "port").read_text())):
            if os.geteuid() == 0:  # sshd(8): its place to be without rights
                Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
            command = [str(SSHD), "-f", str(self._folder / "sshd.conf"), "-E",
                       str(self._folder / "sshd.log")]  # fmt: skip
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
            until(lambda: listens(port) or None, _UP_S, "sshd listens")
        self.start()

    def switch_off(self) -> None:
        """No power: agent, sshd and every connection are gone between two instructions."""
        with contextlib.suppress(OSError, ValueError):
            daemon = int((self._folder / "sshd.pid").read_text())
            for each in (daemon, *_below(daemon)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            _wait_for_end(daemon)
        self._end(signal.SIGKILL)

    def start(self) -> None:
        """Start the agent, unless it runs, with the knobs where the relays have them."""
        if self._pid():
            return
        with (self._folder / "agent.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "hw_mocks", "--config", str(self.config),
                    "--control", str(self.control), "--state", str(self.state),
                    "--run-dir", str(self.run_dir),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=REPOSITORY,
                start_new_session=True,
            )  # fmt: skip
        self._agent.write_text(str(process.pid))
        until(self._connect, _UP_S, "the agent's control socket").close()
        for knob, value in self._turned().items():
            self._turn(knob, value)

    def stop(self) -> None:
        """End the agent in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the agent, and start it again as an init would."""
        self._end(signal.SIGKILL)
        self.start()

    def turn(self, knob: str, value: float | str) -> None:
        """Switch a relay; it stays so without power, too."""
        self._knobs.write_text(json.dumps(self._turned() | {knob: value}))
        if self._pid():
            self._turn(knob, value)

    def edges(self) -> list[tuple[float, int]]:
        """The siren's edges since the agent's start."""
        client = until(self._connect, _UP_S, "the agent's control socket")
        try:
            return client.edges("siren")
        finally:
            client.close()

    def _turn(self, knob: str, value: float | str) -> None:
        client = until(self._connect, _UP_S, "the agent's control socket")
        client.set(knob, value)
        client.close()

    def _turned(self) -> dict[str, float | str]:
        found: dict[str, float | str] = {}
        if self._knobs.exists():
            found = json.loads(self._knobs.read_text())
        return found

    def _pid(self) -> int:
        """The agent's process, or 0."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._agent.read_text())
            if b"hw_mocks" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return 0

    def _end(self, how: signal.Signals) -> None:
        if pid := self._pid():
            os.kill(pid, how)
            _wait_for_end(pid)

    def _connect(self) -> ControlClient | None:
        try:
            return ControlClient(self.control)
        except OSError:
            return None


def _below(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *_below(int(child))]
    return found


def _wait_for_end(pid: int) -> None:
    def gone() -> bool | None:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    until(lambda: gone() or None, _UP_S, f"process {pid} ends")


def main(words: list[str]) -> None:
    """Do one thing at the bench in the folder that the first word names."""
    bench = Bench(Path(words[0]))
    match words[1:]:
        case ["start" | "stop" | "kill" as verb]:
            {"start": bench.start, "stop": bench.stop, "kill": bench.kill}[verb]()
        case ["power", "on" | "off" as way]:
            bench.switch_on() if way == "on" else bench.switch_off()
        case ["knob", name, value]:
            bench.turn(name, float(value) if value.isdigit() else value)
        case ["edges"]:
            sys.stdout.write(json.dumps(bench.edges()) + "\n")
        case _:
            sys.exit(str(__doc__))


if __name__ == "__main__":
    main(sys.argv[1:])
