"""Boots an image without a board: `PYTHONPATH=scripts:. python -m image.boot IMAGE`.

A copy of the image is booted and its console shown, until the boot is over or the time is up.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hw_mocks.card_image import EmulationError, write_to_card
from hw_mocks.emulated_pi import BOOT_OVER, MACHINES, EmulatedPi

FAILED = 1


def main() -> int:
    """Boot as the command line says; 0 once the boot is over and nothing has failed."""
    parser = argparse.ArgumentParser(prog="image.boot", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--machine", choices=sorted(MACHINES), default="virt")
    parser.add_argument("--seed", type=Path, help="put this file on the card as its seed")
    parser.add_argument("--within", type=float, default=300, metavar="S")
    parser.add_argument("--words", nargs="*", default=[], help="added to the command line")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="haetae-boot-") as folder:
        card = Path(folder) / "card.img"
        subprocess.run(("cp", "--sparse=always", args.image, card), check=True)
        if args.seed:
            write_to_card(card, {"haetae/seed.toml": args.seed.read_bytes()})
        return _boot(card, args)


def _boot(card: Path, args: argparse.Namespace) -> int:
    began = time.monotonic()
    try:
        with EmulatedPi(card, MACHINES[args.machine], words=args.words) as board:
            try:
                line = board.wait_for(BOOT_OVER, args.within)
            finally:
                sys.stdout.write(board.console)
    except EmulationError as error:
        print(error, file=sys.stderr)
        return FAILED
    print(f"{args.machine}: {time.monotonic() - began:.0f} s: {line}")
    return 0 if "failed: none" in line else FAILED


if __name__ == "__main__":
    sys.exit(main())
