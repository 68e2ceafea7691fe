"""What a rehearsal's image has beside the shipped one: simulated wires, and a way to their knobs.

The root is the same; the agent's process says `simulated: true` in everything it sends.
"""

import shutil
from pathlib import Path

from image import wheels
from image.tools import run

# In the guest: each connection is one to the control socket, or a shell of root's.
CONTROL_PORT, SHELL_PORT = 5555, 5556
FOLDER = wheels.HOME / "rehearsal"
_AGENT = f"""\
# In place of the wires, which an emulated board does not have.
[Service]
ExecStart=
ExecStart=/{wheels.HOME}/bin/python -m hw_mocks --config /etc/haetae/device.toml \
--control /run/haetae/control --state /var/lib/haetae --run-dir /run/haetae
Environment=PYTHONPATH=/run/haetae-app/current:/{FOLDER}
MemoryMax=256M
# emulation is slow
TimeoutStartSec=300
WatchdogSec=300
"""
_SOCKET = f"""\
[Unit]
Description=Rehearsal: the knobs of the simulated wires

[Socket]
ListenStream={CONTROL_PORT}

[Install]
WantedBy=sockets.target
"""
_BRIDGE = """\
[Unit]
Description=Rehearsal: from TCP to the simulated wires' control socket

[Service]
ExecStart=/lib/systemd/systemd-socket-proxyd /run/haetae/control
"""
_SHELL_SOCKET = f"""\
[Unit]
Description=Rehearsal: a shell for whoever watches an emulated board

[Socket]
ListenStream={SHELL_PORT}
Accept=yes

[Install]
WantedBy=sockets.target
"""
_SHELL = """\
[Unit]
Description=Rehearsal: commands over TCP

[Service]
# or the journal has three lines about each command, and hardly any of what is watched
LogLevelMax=notice
ExecStart=-/bin/sh
StandardInput=socket
StandardError=socket
"""
_PERCEPTION = f"""\
# An emulated board has no camera; what the agent hears of one is simulated with its wires.
[Unit]
ConditionPathExists=!/{FOLDER}
"""
_CLOCK = """\
[Unit]
Description=Rehearsal: set the clock, which an emulated board has not, from the command line
DefaultDependencies=no
Before=sysinit.target time-set.target systemd-timesyncd.service
ConditionKernelCommandLine=haetae.clock

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for word in $$(cat /proc/cmdline); do \
case $$word in haetae.clock=*) date --set=@$${word#haetae.clock=};; esac; done'

[Install]
WantedBy=sysinit.target
"""


def install(checkout: Path, root: Path, python: str) -> None:
    """Lay the simulated wires beside the agent, and have its unit start on them."""
    shutil.copytree(checkout / "hw_mocks", root / FOLDER / "hw_mocks")
    wheels.compile_all(root / FOLDER, root, python)
    units = root / "etc/systemd/system"
    for unit, text in (("agent", _AGENT), ("perception", _PERCEPTION)):
        (units / f"haetae-{unit}.service.d" / "rehearsal.conf").write_text(text, "utf-8")
    texts = {
        "haetae-rehearsal.socket": _SOCKET,
        "haetae-rehearsal.service": _BRIDGE,
        "haetae-rehearsal-clock.service": _CLOCK,
        "haetae-rehearsal-shell.socket": _SHELL_SOCKET,
        "haetae-rehearsal-shell@.service": _SHELL,
    }
    for name, text in texts.items():
        (units / name).write_text(text, "utf-8")
    enabled = [name for name, text in texts.items() if "[Install]" in text]
    run("systemctl", f"--root={root}", "--quiet", "enable", *enabled)
