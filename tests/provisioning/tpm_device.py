"""A device with a TPM 2.0, in a process of its own: OpenSSL's choices hold for a whole process.

`swtpm` is the chip and `tpm2-abrmd` stands for the kernel's resource manager, `/dev/tpmrm0`, which
a chip's three slots for keys make necessary. Run it inside `dbus-run-session`.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent.hub import Hub
from agent.sections import HubConfig
from agent.signing import load_signer
from hw_mocks.broker import free_port
from hw_mocks.child import TooLateError, until
from provisioning.enroll import Enroller
from tests.agent.events import row_of

_START_S = 20.0
NOT_HERE = 77  # the exit code where a machine cannot have a simulated TPM
_CHIP = ("socket", "--tpm2", "--flags", "not-need-init,startup-clear")


@contextmanager
def chip(folder: Path) -> Iterator[None]:
    """A TPM and its resource manager; this process's OpenSSL finds them."""
    port = two_ports()
    started = folder / "swtpm.pid"  # a look at its port would end it
    state = ("--tpmstate", f"dir={folder}", "--pid", f"file={started}")
    ways = ("--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}")
    with ExitStack() as stack:
        for command in (
            ("swtpm", *_CHIP, *state, *ways),
            ("tpm2-abrmd", "--allow-root", "--session", f"--tcti=swtpm:host=127.0.0.1,port={port}"),
        ):
            log = stack.enter_context((folder / f"{command[0]}.log").open("wb"))
            process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
            stack.callback(process.kill)
            is_there = started.exists if command[0] == "swtpm" else is_managed
            try:
                until(is_there, _START_S, command[0])
            except TooLateError:
                words = (folder / f"{command[0]}.log").read_text("utf-8", "replace").strip()
                sys.stderr.write(f"{command[0]} does not come up here: {words}\n")
                sys.exit(NOT_HERE)
        os.environ["TPM2OPENSSL_TCTI"] = "tabrmd:bus_type=session"
        yield


def two_ports() -> int:
    """The first of two free ones in a row: the second is the chip's control channel."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
            return port


def is_managed() -> bool:
    command = ("tpm2_getcap", "--tcti=tabrmd:bus_type=session", "properties-fixed")
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    """Enrol, sign, and send one event; print what came of it as JSON."""
    configuration, run, hub = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, chip(Path(folder)):
        enroller = Enroller(Path(configuration), Path(run), tpm=Path(folder))
        enrolled = enroller.run(once=True)
        identity = Path(configuration) / "identity"
        signer = load_signer(identity / "device.key")
        signature = signer.sign(b"record")
        config = HubConfig(
            **json.loads(hub),
            ca=str(identity / "ca.pem"),
            certificate=str(identity / "device.pem"),
            key=str(identity / "device.key"),
        )
        uplink = Hub(config, device="stall-17", site="alley-3", state=lambda: b"{}")
        sent = uplink.send(row_of())
        said = {
            "enrolled": enrolled,
            "key_id": signer.key_id,
            "verified": signer.verifier.verify(b"record", signature),
            "denied": signer.verifier.verify(b"another", signature),
            "sent": sent,
            "status": uplink.status,
        }
        uplink.close()
        enroller = Enroller(Path(configuration), Path(run), tpm=Path(folder))
        said["again"] = enroller.run(once=True)
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
