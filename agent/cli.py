"""`haetae`: the device's commands.

Exit codes: 0 success, 1 what was asked found something wrong, 64 usage (EX_USAGE), 70 a bug
(EX_SOFTWARE), 78 bad configuration (EX_CONFIG).
"""

import argparse
import io
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent import __version__, cli_words, config
from agent.cli_lines import clock_line, event_line, hub_line, record
from agent.config import ConfigError
from agent.sections import Config
from drivers.board import Board

FOUND_WRONG = 1
STALE_S = 10.0  # a living agent writes its status every second
PROFILES = Path(__file__).parent.parent / "provisioning" / "profiles"


class OutputError(Exception):
    """What was asked for could not be written to where it should go."""


def run(args: argparse.Namespace) -> int:
    """Run the agent until it is told to stop, or ends to begin anew by another configuration."""
    from agent.app import App  # noqa: PLC0415  # only this command needs it all
    from agent.in_force import InForce  # noqa: PLC0415
    from agent.state_lock import AlreadyRunningError, hold  # noqa: PLC0415

    in_force = InForce(args.config, args.state)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        with hold(args.state):
            in_force.decide()
            app = App(
                in_force,
                Board(state=args.state, run_dir=args.run_dir),
                state=args.state,
                run_dir=args.run_dir,
                simulated=False,
            )
            for number in (signal.SIGTERM, signal.SIGINT):  # after the drivers: one sets its own
                signal.signal(number, lambda *_: app.stop())
            return app.run()
    except AlreadyRunningError as error:
        return _wrong(str(error))


def replay(args: argparse.Namespace) -> int:
    """Feed a recording through the real pipeline and print the events."""
    from agent import replay as replaying  # noqa: PLC0415  # only this command needs it
    from agent.recording import RecordingError  # noqa: PLC0415

    found = config.load(_profile(args))
    try:
        _print(
            replaying.replay(args.recording, found, readings=args.readings),
            None if args.json else replaying.as_text,
        )
    except RecordingError as error:
        return _wrong(str(error))
    return 0


def check(args: argparse.Namespace) -> int:
    """Check the configuration: exit 0 if the agent could start with it, else 78.

    1 if the state directory would lose alarms in a power cut, or can keep none.
    """
    from agent import storage  # noqa: PLC0415  # only this command needs it
    from agent.in_force import InForce  # noqa: PLC0415
    from agent.selftest import notes  # noqa: PLC0415

    in_force = InForce(args.config, args.state)
    found = in_force.config
    hub = "no hub" if found.hub is None else f"hub {found.hub.host}:{found.hub.port}"
    sensors = len(found.sensors)
    about = {"config": str(args.config), "profile": found.profile, "sensors": sensors, "hub": hub}
    about |= {"in_force": in_force.origin, "sha256": in_force.sha256}
    about |= {"storage": storage.described(args.state)}
    remarks = notes(found, args.state)
    wrong = [each.text for each in storage.problems(args.state) if each.is_fatal]
    if args.json:
        _print([about | {"notes": remarks, "wrong": wrong}], None)
        return FOUND_WRONG if wrong else 0
    _say(f"{args.config}: {found.profile}, {sensors} sensors, {hub}: good")
    _say(f"in force: {in_force.origin}, SHA-256 {in_force.sha256}")
    _say(f"state: {args.state} on {about['storage']}")
    for remark in remarks:
        print(f"note: {remark}", file=sys.stderr)
    for each in wrong:
        print(f"wrong: {each}", file=sys.stderr)
    return FOUND_WRONG if wrong else 0


def probe(args: argparse.Namespace) -> int:
    """Ask every sensor once through its driver; exit 1 if one of them did not measure."""
    from agent.in_force import InForce  # noqa: PLC0415  # only some commands need it

    found = InForce(args.config, args.state).config
    return probe_on(found, Board(state=args.state, run_dir=args.run_dir), args)


def probe_on(
    found: Config, board: Board, args: argparse.Namespace, *, simulated: bool = False
) -> int:
    """Do `probe` on any board, real or simulated."""
    from agent import probe as probing  # noqa: PLC0415  # only this command needs it

    if running := _status(args.run_dir):
        name = "the running agent holds the wires: these are its last readings"
        print(f"{args.run_dir}: {name}", file=sys.stderr)
        return _show_sensors(running, as_json=args.json)
    if args.baseline is not None or args.calibrate is not None:
        try:
            _say(f"stored: {_commission(found, board, args)}")
        except probing.BaselineError as error:
            return _wrong(str(error))
        return 0
    findings = list(probing.probe(found, board, simulated=simulated))
    rows = (msgspec.to_builtins(each) for each in findings)
    _print(rows if args.json else findings, None if args.json else probing.as_text)
    return 0 if all(each.state == "ok" for each in findings) else FOUND_WRONG


def _commission(found: Config, board: Board, args: argparse.Namespace) -> str:
    """Measure one part as it was put in; what is kept, in words."""
    from agent import probe as probing  # noqa: PLC0415  # only this command needs it

    if args.calibrate is None:
        return probing.baseline(
            found, board, args.baseline, heated_h=args.heated_h, wait=time.sleep, say=_aside
        )
    return probing.calibrate(
        found,
        board,
        args.calibrate,
        reference_db=args.reference_db,
        reference=args.reference,
        ready=lambda task: input(f"{task}, then press Enter "),
    )


def events(args: argparse.Namespace) -> int:
    """Show the latest events, and whether the hub has confirmed them."""
    from agent.outbox import history  # noqa: PLC0415  # only this command needs it

    path = args.state / "outbox.db"
    if not path.exists():
        return _wrong(f"{path}: no outbox yet: the agent has not run with this state directory")
    try:
        kept = history(path, args.limit)
    except (OSError, sqlite3.Error) as error:
        return _wrong(f"{path}: {error}: the agent sets a damaged outbox aside at its next start")
    rows = [
        {"confirmed": row.confirmed_at is not None, "id": row.id, "seq": row.seq} | record(row.body)
        for row in kept
    ]
    _print(rows, None if args.json else event_line)
    return 0


def status(args: argparse.Namespace) -> int:
    """Show what the running agent claims: coverage, sensors, hub, outbox."""
    found = _status(args.run_dir)
    if found is None:
        return _wrong(f"{args.run_dir}: no agent is running: see `systemctl status haetae-agent`")
    if args.json:
        _print([found], None)
        return 0
    _say(f"{found['device']} ({found['profile']}, {found['software']}), siren {found['siren']}")
    if found["simulated"]:
        _say("simulated wires: this device protects nobody")
    for hazard, claim in found["coverage"].items():
        _say(f"  {hazard:<16} {claim['claim']:<10} {claim['why']}")
    for name, why in found["trouble"].items():
        _say(f"  {name}: {why}")
    for name in found["muted"]:
        _say(f"  {name}: muted by hand")
    for event, by in found["answered"].items():
        _say(f"  {event}: help is coming: {by}")
    _say(clock_line(found["clock"]))
    _say(f"started: {found['boot'] or 'nobody knows why'}")
    _say(f"update: {found['update'] or 'nothing to tell'}")
    in_force = found["configuration"]
    _say(f"configuration: {in_force['origin']}, SHA-256 {in_force['sha256']}")
    _say(f"outbox: {found['outbox']['pending']} waiting; hub: {found['hub']}")
    for hub in found["hubs"]:
        _say(hub_line(hub))
    for worker in found["late"]:
        _say(f"  {worker}: no progress")
    return _show_sensors(found, as_json=False)


def selftest(args: argparse.Namespace) -> int:
    """Prove the way from reading to alarm and outbox, with --sound the siren; 1 if a part fails."""
    from agent import selftest as testing  # noqa: PLC0415  # only this command needs it
    from agent.in_force import InForce  # noqa: PLC0415
    from agent.records import note_alone  # noqa: PLC0415

    found = InForce(args.config, args.state).config
    if args.sound and _status(args.run_dir):
        return _wrong(f"{args.run_dir}: the running agent holds the siren: stop it for this test")
    results = list(testing.selftest(found, args.state))
    if args.sound:
        results.append(testing.sounds(found, Board(state=args.state, run_dir=args.run_dir)))
    else:
        print("note: the siren was not sounded: --sound does, for people to hear", file=sys.stderr)
    rows = [msgspec.to_builtins(each) for each in results]
    if unrecorded := note_alone(args.state, found, "selftest", {"by": "hand", "results": rows}):
        print(f"note: not in the ledger: {unrecorded}", file=sys.stderr)
    _print(rows if args.json else results, None if args.json else testing.as_text)
    return 0 if all(each.passed for each in results) else FOUND_WRONG


def ledger(args: argparse.Namespace) -> int:
    """Verify or show what the device has recorded, or write a certificate of it."""
    from agent import ledger_command  # noqa: PLC0415  # only this command needs it

    try:
        return ledger_command.run(args, _print, _status(args.run_dir))
    except ledger_command.NoLedgerError as error:
        return _wrong(str(error))


def version(args: argparse.Namespace) -> int:
    """Print the version."""
    _print([{"haetae": __version__}], None if args.json else lambda row: f"haetae {row['haetae']}")
    return 0


COMMANDS: Mapping[str, cli_words.Command] = {
    each.__name__: each
    for each in (run, replay, check, probe, events, status, selftest, ledger, version)
}


def main(argv: list[str] | None = None) -> int:
    """Understand the command line and do what it says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Korean, whatever the locale calls text
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return execute(cli_words.parser(__doc__.splitlines()[0], COMMANDS).parse_args(argv))


def execute(args: argparse.Namespace) -> int:
    """Run one command; every expected failure is one line on stderr and an exit code."""
    command: cli_words.Command = args.command
    try:
        return command(args)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OutputError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error.__cause__, BrokenPipeError):  # the reader has seen enough
            return 0
        return _wrong(str(error))


def _profile(args: argparse.Namespace) -> Path:
    """The file whose thresholds a replay uses: --profile, else --config, else market-stall."""
    if args.profile is None and args.config != cli_words.CONFIG:
        return Path(args.config)
    found = PROFILES / f"{args.profile or 'market-stall'}.toml"
    if not found.is_file():
        known = ", ".join(sorted(path.stem for path in PROFILES.glob("*.toml")))
        raise ConfigError(f"--profile {args.profile}: no such profile: one of {known}")
    return found


def _status(run_dir: Path) -> dict[str, Any] | None:
    """The running agent's state, or None where none is running."""
    try:
        found: dict[str, Any] = msgspec.json.decode((run_dir / "status.json").read_bytes())
        is_fresh = 0 <= time.monotonic() - found["written_at"] < STALE_S
        if "pid" in found and not Path(f"/proc/{int(found['pid'])}").exists():  # it was killed
            return None
    except (OSError, ValueError, LookupError, TypeError):  # none, or not an agent's
        return None
    return found if is_fresh and "sensors" in found else None


def _show_sensors(found: dict[str, Any], *, as_json: bool) -> int:
    """Print the running agent's sensors and their claims; 1 if one of them is not sound."""
    claims = found["coverage"]
    rows = [
        {"sensor": name} | each | {"covers": {h: claims[h] for h in each["covers"] if h in claims}}
        for name, each in found["sensors"].items()
    ]
    _print(rows, None if as_json else _sensor_line)
    return FOUND_WRONG if any(each["why"] for each in rows) else 0


def _sensor_line(row: dict[str, Any]) -> str:
    values = "  ".join(
        f"{name} {each['value']:.6g} ({each['age_s']:.0f} s ago)"
        for name, each in row["readings"].items()
    )
    covers = "; ".join(f"{hazard}: {each['claim']}" for hazard, each in row["covers"].items())
    what = "  ".join(filter(None, (row["why"], values, covers and f"[{covers}]")))
    return f"  {row['sensor']:<16} {row['driver']:<12} {row['state']:<9} {what}"


def _aside(line: str) -> None:
    """Show progress where it does not disturb what is asked for."""
    print(line, file=sys.stderr)


def _wrong(message: str) -> int:
    print(message, file=sys.stderr)
    return FOUND_WRONG


def _say(line: str) -> None:
    _print([line], str)


def _print(rows: Iterable[object], as_text: Callable[..., str] | None) -> None:
    for row in rows:
        line = as_text(row) if as_text is not None else msgspec.json.encode(row).decode()
        try:
            print(line, flush=True)
        except OSError as error:
            raise OutputError(f"output: {error.strerror}: not all of it was written") from error
