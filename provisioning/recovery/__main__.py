"""What the units of recovery run: boot, shutdown, grant, watch, network; and show, for people."""

import argparse
import logging
import sys
from pathlib import Path

import msgspec

from agent.boot_cause import FILE, BootCause, publish, read_told
from agent.envelope import kernel_boot
from provisioning.places import RECOVERY
from provisioning.recovery.evidence import evidence, is_under_voltage
from provisioning.recovery.grant import Granting
from provisioning.recovery.network import NetworkWatch, Radio
from provisioning.recovery.reboots import Reboots
from provisioning.recovery.watch import RECOVERY_RUN, Watch

CANNOT = 1


def boot(folder: Path, run: Path, _boot_id: str) -> str:
    """Find out why the device started, write it down, and tell the agent."""
    reboots = Reboots(folder)
    if (found := read_told(run / FILE, BootCause)) is not None:  # it lies in memory
        reboots.go_on()
        return f"boot {found.boots} goes on"
    found = reboots.begin(evidence())
    run.mkdir(parents=True, exist_ok=True)
    publish(run / FILE, found)
    return f"boot {found.boots}: {found}"


def shutdown(folder: Path, _run: Path, _boot_id: str) -> str:
    """Mark that this boot ends in order."""
    Reboots(folder).end()
    return "ends in order"


def grant(folder: Path, _run: Path, _boot_id: str) -> str:
    """Reboot if that is asked for and allowed."""
    return Granting(Reboots(folder)).look()


def watch(folder: Path, run: Path, _boot_id: str) -> str:
    """Look at the agent's starts, the clock and the supply once."""
    return "\n".join(Watch(Reboots(folder), run=run).look(under_voltage=is_under_voltage()))


def network(_folder: Path, _run: Path, boot_id: str) -> str:
    """Look at the wireless link once, and do what is due."""
    return "\n".join(NetworkWatch(radio=Radio(boot=boot_id[:8])).look())


def show(folder: Path, _run: Path, _boot_id: str) -> str:
    """Print the ledger."""
    return msgspec.json.format(msgspec.json.encode(Reboots(folder).book()), indent=1).decode()


WORDS = {each.__name__: each for each in (boot, shutdown, grant, watch, network, show)}


def main(argv: list[str] | None = None) -> int:
    """Do what one unit is for; a disk that refuses is told, and nothing is ordered."""
    parser = argparse.ArgumentParser(prog="python -m provisioning.recovery", description=__doc__)
    parser.add_argument("word", choices=WORDS)
    parser.add_argument("--folder", type=Path, default=RECOVERY)
    parser.add_argument("--run-dir", type=Path, default=RECOVERY_RUN)
    parser.add_argument("--boot", default=kernel_boot(), help="its id, where it cannot be read")
    args = parser.parse_args(argv)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        said = WORDS[args.word](args.folder, args.run_dir, args.boot)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT
    if said:
        sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
