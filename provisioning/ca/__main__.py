"""`haetae-ca`: the city's certificate authority; see docs/identity.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from provisioning.ca import commands
from provisioning.ca.keys import CURVES
from provisioning.remedy import ProvisioningError

EX_CONFIG = 78
_CONFIG = Path("/etc/haetae-ca/ca.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit 0 if it is done, 78 if somebody has to follow a remedy first."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except ProvisioningError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="haetae-ca", description=__doc__)
    words = parser.add_subparsers(required=True, metavar="COMMAND")
    _offline(words)
    online = argparse.ArgumentParser(add_help=False)
    online.add_argument("--config", type=Path, default=_CONFIG, metavar="PATH")
    plain = {
        "serve": (commands.serve, "enrol devices and answer the office"),
        "status": (commands.status, "every device, and until when it is good"),
    }
    for name, (run, help_) in plain.items():
        words.add_parser(name, help=help_, parents=[online]).set_defaults(run=run)
    made = {
        "operator": (commands.operator, "a certificate for somebody of the office"),
        "service": (commands.service, "a certificate for a machine of the hub, by its user name"),
    }
    for name, (run, help_) in made.items():
        word = words.add_parser(name, help=help_, parents=[online])
        word.add_argument("name", metavar="NAME")
        word.add_argument("--out", type=Path, default=Path(), metavar="FOLDER")
        if name == "service":
            word.add_argument("--host", action="append", default=[], help="name or address")
        word.set_defaults(run=run)
    revoke = words.add_parser("revoke", help="withdraw a device", parents=[online])
    revoke.add_argument("device")
    revoke.add_argument("--reason", required=True)
    revoke.set_defaults(run=commands.revoke)
    named = {
        "release": (commands.release, "let a device out of quarantine"),
        "certificates": (commands.certificates, "all that a device has had, as PEM"),
    }
    for name, (run, help_) in named.items():
        word = words.add_parser(name, help=help_, parents=[online])
        word.add_argument("device")
        word.set_defaults(run=run)
    claims = words.add_parser("claims", help="list open claims, or register", parents=[online])
    claims.add_argument("--register", type=Path, metavar="FILE", help="JSON, one claim a line")
    claims.set_defaults(run=commands.claims)
    return parser


def _offline(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER")
    shared.add_argument("--passphrase-file", type=Path, help="asked for if not given")
    shared.add_argument("--curve", choices=sorted(CURVES), default="P-384")
    root = words.add_parser("root", help="make a root, offline", parents=[shared])
    root.add_argument("--name", default="Haetae root", help="as people know it")
    root.add_argument("--follows", type=Path, metavar="FOLDER", help="of today's root")
    root.add_argument("--old-passphrase-file", type=Path)
    root.set_defaults(run=commands.root)
    issuer = words.add_parser("issuer", help="make the issuer's key, or sign it", parents=[shared])
    issuer.add_argument("--name", default="Haetae issuer")
    issuer.add_argument("--sign", type=Path, metavar="CSR", help="by the root in --folder")
    issuer.set_defaults(run=commands.issuer)


if __name__ == "__main__":
    sys.exit(main())
