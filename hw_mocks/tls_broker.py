"""A mosquitto of the hub's own configuration on loopback: TLS 1.3, client certificates, ACLs."""

import os
import shutil
import socket
import ssl
import string
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hw_mocks.authority import Authority
from hw_mocks.broker import free_port
from hw_mocks.child import until

HUB = Path(__file__).parent.parent / "provisioning" / "hub"


@dataclass(frozen=True, slots=True)
class TlsBroker:
    """A running broker, and how one reaches it."""

    port: int
    authority: Authority

    def hub_lines(self, device: str) -> list[str]:
        """The lines of a device's `[hub]` table beside host and port."""
        certificate, key = self.authority.issue(device)
        files = {"ca": self.authority.ca, "certificate": certificate, "key": key}
        return [f'{name} = "{path}"' for name, path in files.items()]

    def context(self) -> ssl.SSLContext:
        """How the hub's own listener reaches it."""
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        context.load_cert_chain(*map(str, self.authority.issue("hub")))
        return context


@contextmanager
def tls_broker(folder: Path) -> Iterator[TlsBroker]:
    """Run mosquitto while entered; it keeps nothing.

    Raises:
        FileNotFoundError: mosquitto is not installed.
        TooLateError: It does not listen.
    """
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("mosquitto is not installed: apt install mosquitto")
    authority, port = Authority(folder), free_port()
    authority.issue("server")
    shutil.copy(HUB / "acl.conf", folder / "acl.conf")
    text = string.Template((HUB / "mosquitto.conf").read_text("utf-8")).substitute(
        address="127.0.0.1", port=port, folder=folder, tls_version="tlsv1.3", persistence="false"
    )
    if os.geteuid() == 0:
        text += "user root\n"  # it would else give up the right to read the folder
    (folder / "mosquitto.conf").write_text(text, "utf-8")
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log
        )
    try:
        until(lambda: _listens(port), 10.0, "mosquitto listens")
        yield TlsBroker(port, authority)
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False
