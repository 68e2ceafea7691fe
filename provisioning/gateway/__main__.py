"""The gateway's command: `haetae-gateway [--config PATH] [--state DIR] [run|check]`."""

import argparse
import logging
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from agent.tomlfile import ConfigError
from provisioning.gateway import settings
from provisioning.gateway.process import Gateway, make_outputs, tls_of
from provisioning.gateway.told import UndeliveredError

CONFIG = Path("/etc/haetae-gateway/gateway.toml")
STATE = Path("/var/lib/haetae-gateway")
FAILED, USAGE, BAD_CONFIG = 1, 64, 78  # the last two as in sysexits.h


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, or check the configuration; the exit code."""
    args = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        config = settings.load(args.config)
        if args.action == "check":
            make_outputs(config, _Nowhere())
            tls_of(config.broker)
            return 0
        gateway = Gateway(config, args.state)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_CONFIG
    except (sqlite3.Error, OSError) as error:
        sys.stderr.write(f"{args.state}: {error}\n")
        return FAILED
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return gateway.run(stop)


class _Nowhere:
    """For a check: nothing is published."""

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        """Refuse it.

        Raises:
            UndeliveredError: Always.
        """
        raise UndeliveredError(f"{topic}: {len(body)} bytes, retained: {retain}: only checking")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]  # argparse ends here too
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="haetae-gateway", description="Tell other systems of the hub's events, each once."
    )
    parser.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    parser.add_argument("--state", type=Path, default=STATE, help="default: %(default)s")
    parser.add_argument("action", nargs="?", choices=("run", "check"), default="run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
