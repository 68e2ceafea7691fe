"""A device being set up: the real setup page over TLS and a real agent on simulated wires.

    with SetupRig(Path("/tmp/rig")) as rig:
        print(rig.url, rig.code)          # open it in a browser, type the code
        rig.set("shutter.open", 1)        # a hand on the simulated wires

    python -m hw_mocks.setup_rig [--profile NAME] [--port N]    # until Ctrl-C

What systemd does on a device is done here: the agent starts once there is a `device.toml`, and
starts anew whenever that file changes. With a `TlsBroker` the hub is a real one.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from agent.values import Why
from hw_mocks.authority import Authority
from hw_mocks.broker import free_port
from hw_mocks.child import TooLateError, until
from hw_mocks.control import ControlClient
from hw_mocks.tls_broker import TlsBroker
from provisioning.places import ANCHORS, CERTIFICATE, DEVICE_TOML, KEY, TAKEN_SEED
from provisioning.seed import Authority as SeedAuthority
from provisioning.seed import Seed, SeedHub, seed_text, setup_for
from provisioning.setup_page import server
from provisioning.setup_page.installation import Installation

CODE = "7K3M9QX2VB4H"
DEVICE, SITE = "stall-07", "seomun-market"
PLACE = Why("서문시장 2지구 3호", "Seomun market, block 2, stall 3")
_REPOSITORY = Path(__file__).parent.parent
_LOOK_S = 0.1


class SetupRig:
    """Everything in `folder`, which should be short, while entered; the code is `code`.

    `control` is the path of the agent's control socket. `rate` is how fast the agent's clock runs.
    """

    def __init__(  # noqa: PLR0913  # what a device may be like
        self,
        folder: Path,
        *,
        profile: str = "market-stall",
        broker: TlsBroker | None = None,
        is_enrolled: bool = True,
        rate: float = 1.0,
        scenario: str = "quiet_day",
        port: int = 0,
        lingers_s: float = server.LINGERS_S,
        phone: str | None = None,
    ) -> None:
        self.folder, self.code = folder, CODE
        self.configuration, self.run, self.state = folder / "etc", folder / "run", folder / "state"
        self.control = folder / "control"
        self.url, self.exit_code = "", -1
        self.installation: Installation | None = None
        self._port, self._lingers_s = port, lingers_s
        self._command = [
            *(sys.executable, "-m", "hw_mocks"),
            *("--config", str(self.configuration / DEVICE_TOML), "--control", str(self.control)),
            *("--state", str(self.state), "--run-dir", str(self.run)),
            *("--rate", str(rate), "--scenario", scenario),
        ]
        for each in (self.configuration, self.run, self.state):
            each.mkdir(parents=True, exist_ok=True)
        self.authority = broker.authority if broker is not None else Authority(folder / "ca")
        hub_port = broker.port if broker is not None else free_port()
        self._write_seed(profile, hub_port, phone)
        if is_enrolled:
            self.enrol()
        self._stop, self._opened = threading.Event(), threading.Event()
        self._agent: subprocess.Popen[bytes] | None = None
        self._threads = [
            threading.Thread(target=self._be_systemd, name="rig-systemd", daemon=True),
            threading.Thread(target=self._serve, name="rig-server", daemon=True),
        ]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        if not self._opened.wait(20.0):
            self.close()
            raise TooLateError("the setup page did not open")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End page and agent."""
        self._stop.set()
        for each in self._threads:
            each.join(20.0)

    def enrol(self) -> None:
        """Give it a key and a certificate of the authority."""
        certificate, key = self.authority.issue(DEVICE)
        identity = self.configuration / "identity"
        identity.mkdir(mode=0o700, exist_ok=True)
        for source, name in ((certificate, CERTIFICATE), (key, KEY), (self.authority.ca, ANCHORS)):
            (identity / name).write_bytes(source.read_bytes())
            (identity / name).chmod(0o600)

    def set(self, knob: str, value: object) -> Any:
        """Turn a knob of the simulated wires, as soon as there is an agent; when it moved."""
        return self.ask(set={knob: value})["at"]

    def ask(self, **question: Any) -> Any:
        """Ask the control socket; see `hw_mocks.control`."""
        client = until(self._dial, 20.0, "the agent's control socket")
        with contextlib.closing(client):
            return client.ask(question)

    def status(self) -> dict[str, Any] | None:
        """What the agent has last said of itself, if anything."""
        try:
            found: dict[str, Any] = msgspec.json.decode((self.run / "status.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def armed(self) -> dict[str, Any] | None:
        """The same as soon as it is armed."""
        found = self.status()
        return found if found is not None and found["armed"] else None

    def restart_page(self) -> None:
        """End the page and open it anew, as a power cut would."""
        self._stop.set()
        for each in self._threads:
            each.join(20.0)
        self._stop, self._opened = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._be_systemd, self._serve)
        ]
        self.__enter__()

    def _dial(self) -> ControlClient | None:
        try:
            return ControlClient(self.control)
        except OSError:
            return None

    def _write_seed(self, profile: str, hub_port: int, phone: str | None) -> None:
        seed = Seed(
            device=DEVICE,
            site=SITE,
            place=PLACE,
            profile=profile,
            authority=SeedAuthority(
                url="https://127.0.0.1/est", anchors=self.authority.ca.read_text("ascii")
            ),
            setup=setup_for(self.code, DEVICE),
            hub=SeedHub(host="localhost", port=hub_port),
            phone=phone,
        )
        path = self.configuration / TAKEN_SEED
        path.write_text(seed_text(seed), "utf-8")
        path.chmod(0o600)

    def _serve(self) -> None:
        def opened(port: int, what: Installation) -> None:
            self.url, self.installation = f"https://localhost:{port}/", what
            self._opened.set()

        self.exit_code = server.serve(
            configuration=self.configuration,
            run=self.run,
            state=self.state,
            address="127.0.0.1",
            port=self._port,
            lingers_s=self._lingers_s,
            stop=self._stop,
            ready=opened,
        )

    def _be_systemd(self) -> None:
        """Keep an agent running by the newest configuration, as haetae-agent.path has it."""
        path, before = self.configuration / DEVICE_TOML, None
        with (self.folder / "agent.log").open("ab") as log:
            while not self._stop.wait(_LOOK_S):
                now = _mark(path)
                if now is not None and (now != before or not self._is_running()):
                    self._end_agent()
                    before = now
                    self._agent = subprocess.Popen(
                        self._command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                        cwd=_REPOSITORY,
                        env=os.environ | {"PYTHONUNBUFFERED": "1"},
                    )
            self._end_agent()

    def _is_running(self) -> bool:
        return self._agent is not None and self._agent.poll() is None

    def _end_agent(self) -> None:
        agent, self._agent = self._agent, None
        if agent is None:
            return
        agent.terminate()
        try:
            agent.wait(15.0)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextlib.contextmanager
def _folder(asked: Path | None) -> Iterator[Path]:
    if asked is not None:
        yield asked
        return
    with tempfile.TemporaryDirectory(prefix="rig-") as made:
        yield Path(made)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it until Ctrl-C."""
    made = argparse.ArgumentParser(prog="python -m hw_mocks.setup_rig", allow_abbrev=False)
    made.add_argument("--profile", default="market-stall")
    made.add_argument("--port", type=int, default=0)
    made.add_argument("--folder", type=Path)
    found = made.parse_args(argv)
    with (
        _folder(found.folder) as folder,
        SetupRig(folder, profile=found.profile, port=found.port) as rig,
        contextlib.suppress(KeyboardInterrupt),
    ):
        sys.stdout.write(f"{rig.url}#{rig.code}\nknobs: {rig.control}\n")
        sys.stdout.flush()
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
