"""The agent on simulated wires.

    python -m hw_mocks --config PATH --control SOCKET [--scenario NAME] [--rate N]
    python -m hw_mocks --config PATH probe [--set KNOB=VALUE ...] [--json]

The same agent as on a board, but each of its messages says `"simulated": true`. Its knobs are
turned by the scenario, and by hand through the control socket.
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from agent import cli, cli_words
from agent.config import ConfigError
from agent.config import load as load_config
from agent.in_force import InForce
from agent.recovering import ANEW
from agent.state_lock import AlreadyRunningError, hold
from agent.trial import RESTART
from agent.wallclock import WallTime, read_wall_clock
from hw_mocks.bench import Bench
from hw_mocks.clock import FastClock, FastWall, PatientClock
from hw_mocks.control import ControlServer
from hw_mocks.life import Life, write_baselines
from hw_mocks.scenario import Scenario, ScenarioError
from hw_mocks.scenario import load as load_scenario
from hw_mocks.scenario import names as scenario_names

CANNOT = 1


def run(args: argparse.Namespace, state: Path, run_dir: Path) -> int:
    """Run the agent until SIGTERM or SIGINT, or until it ends to begin anew."""
    in_force, scenario = InForce(args.config, state), load_scenario(args.scenario)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        with hold(state):
            in_force.decide()
            return _run(args, in_force, scenario, state, run_dir.resolve())
    except AlreadyRunningError as error:
        say(str(error))
        return CANNOT


def _run(
    args: argparse.Namespace, in_force: InForce, scenario: Scenario, state: Path, run_dir: Path
) -> int:
    """The same, once the state is ours; links of the simulated sysfs lead into `run_dir`."""
    from agent.app import App  # noqa: PLC0415  # `probe` needs none of it

    config, stop = in_force.config, threading.Event()
    clock = PatientClock(args.rate) if args.patient else FastClock(args.rate)
    wall = _wall(args, clock)
    with Bench(config, w1_root=run_dir / "w1", state=state, clock=clock, wall=wall) as bench:
        write_baselines(config, bench, state, _now(), say)
        app = App(
            in_force,
            bench.board,
            state=state,
            run_dir=run_dir,
            clock=clock,
            pace=args.rate,
            wall=bench.wall,
            simulated=True,
        )
        if isinstance(clock, PatientClock):
            clock.wait_for(lambda: app.due)
        life = Life(args.scenario, scenario, bench, clock)
        for number in (signal.SIGTERM, signal.SIGINT):  # after Blinka, which sets its own
            signal.signal(number, lambda *_: app.stop())
        living = threading.Thread(target=life.run, args=(stop,), name="life", daemon=True)
        facts = {"scenario": life.facts, "threads": threads, "modules": lambda: sorted(sys.modules)}
        with ControlServer(args.control, bench, facts):
            living.start()
            code = app.run()
            stop.set()
            living.join()
    return code


def probe(args: argparse.Namespace, state: Path, run_dir: Path) -> int:
    """Ask every simulated part once, through its real driver."""
    config, scenario = load_config(args.config), load_scenario(args.scenario)
    args.run_dir = run_dir
    with Bench(config, w1_root=run_dir / "w1", state=state) as bench:
        write_baselines(config, bench, state, _now(), say)
        Life(args.scenario, scenario, bench, FastClock())
        for turn in args.set:
            knob, _, value = turn.partition("=")
            try:
                bench.set(knob, _number_or_word(value))
            except ValueError as error:
                say(f"--set {turn}: {error}; the knobs are: {', '.join(bench.knobs())}")
                return cli_words.USAGE
        return cli.probe_on(config, bench.board, args, simulated=True)


def main() -> int:
    """Run or probe; an agent that ended to begin anew does so, as systemd would have it."""
    args = parser().parse_args()
    code = _once(args)
    if code in {RESTART, ANEW} and not args.once:
        os.execv(sys.executable, [sys.executable, "-m", "hw_mocks", *sys.argv[1:]])
    return code


def _once(args: argparse.Namespace) -> int:
    """Run or probe; every expected failure is one line on stderr and an exit code."""
    with tempfile.TemporaryDirectory(prefix="haetae-") as scratch:
        try:
            if args.command == "probe":
                return probe(args, args.state or Path(scratch), Path(scratch))
            if args.control is None:
                say("--control SOCKET is missing: where the knobs are turned")
                return cli_words.USAGE
            return run(args, _state(args.state), args.run_dir or _run_dir(Path(scratch)))
        except ConfigError as error:
            say(str(error))
            return error.exit_code
        except ScenarioError as error:
            say(f"--scenario {error}")
            return cli_words.USAGE
        except OSError as error:
            say(str(error))
            return CANNOT


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = cli_words.Parser(prog="python -m hw_mocks", description=__doc__.splitlines()[0])
    top.add_argument("--config", type=Path, default=cli_words.CONFIG, metavar="PATH")
    top.add_argument("--control", type=Path, metavar="SOCKET", help="where knobs are turned")
    top.add_argument("--state", type=Path, metavar="DIR")
    top.add_argument("--run-dir", type=Path, metavar="DIR")
    top.add_argument(
        "--scenario", default="quiet_day", metavar="NAME", help=", ".join(scenario_names())
    )
    top.add_argument(
        "--rate", type=_rate, default=1.0, metavar="N", help="times as fast as life; not the siren"
    )
    top.add_argument(
        "--patient", action="store_true", help="slow down to life's pace while the agent is behind"
    )
    top.add_argument(
        "--once", action="store_true", help="end where systemd would start the agent again"
    )
    top.add_argument(
        "--starts", type=_instant, metavar="TIME", help="what the wall clock shows then, RFC 3339"
    )
    commands = top.add_subparsers(dest="command", metavar="probe")
    probing = commands.add_parser("probe", help=probe.__doc__)
    probing.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE")
    probing.add_argument("--json", action="store_true", help="one JSON object a line")
    cli_words.add_commissioning(probing)
    return top


def _wall(args: argparse.Namespace, clock: FastClock) -> Callable[[], WallTime]:
    """The machine's own clock, unless the simulation's runs faster or begins on another day."""
    if args.starts is None and args.rate == 1.0:
        return read_wall_clock
    return FastWall(args.starts or datetime.now(UTC), clock)


def threads() -> dict[str, int]:
    """The kernel's number of every thread, by its name: whose processor time is whose."""
    return {each.name: each.native_id or 0 for each in threading.enumerate()}


def say(line: str) -> None:
    """Tell whoever started this."""
    sys.stderr.write(f"{line}\n")


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 10_000:
        raise argparse.ArgumentTypeError("from above 0 to 10000")
    return rate


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("say of which time zone, as in 2026-01-15T22:00+09:00")
    return found


def _state(asked: Path | None) -> Path:
    """Where the outbox lives: as asked, as systemd says, as on a device, or in the home."""
    if asked is not None:
        return asked
    if "STATE_DIRECTORY" in os.environ:
        return Path(os.environ["STATE_DIRECTORY"])
    usual = Path("/var/lib/haetae")
    if os.access(usual if usual.exists() else usual.parent, os.W_OK):
        return usual
    home = Path.home() / ".local" / "state" / "haetae"
    say(f"{usual} is not ours to write: the state is in {home}")
    return home


def _run_dir(scratch: Path) -> Path:
    usual = Path("/run/haetae")
    if "RUNTIME_DIRECTORY" in os.environ:
        return Path(os.environ["RUNTIME_DIRECTORY"])
    if os.access(usual if usual.exists() else usual.parent, os.W_OK):
        return usual
    say(f"{usual} is not ours to write: the status is in {scratch}")
    return scratch


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(main())
