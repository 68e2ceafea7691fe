"""The commands, as a shell sees them: words, one line of error, exit codes."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent import __version__, cli
from agent.cli import PROFILES
from agent.outbox import HOME, Outbox
from agent.recording import write
from agent.storage import problems
from agent.values import Event, Reading
from drivers.sensor import Quantity
from tests.agent.test_recorder import event
from tests.disks import small_disk

HAETAE = Path(sys.executable).with_name("haetae")
STALL = PROFILES / "market-stall.toml"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out == f"haetae {__version__}\n"


@pytest.mark.parametrize(
    "argv", [[], ["fly"], ["replay"], ["version", "--loud"], ["events", "--limit", "x"]]
)
def test_wrong_usage_is_exit_64(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 64
    assert "usage: haetae" in capsys.readouterr().err


def volatile(state: Path) -> bool:
    """Whether this machine keeps its temporary files where a power cut takes them."""
    return any(each.is_fatal for each in problems(state))


@pytest.mark.parametrize("argv", [["--config", "{}", "check"], ["check", "--config", "{}"]])
def test_the_configuration_may_stand_before_or_after_the_command(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [word.format(STALL) for word in argv]
    assert cli.main([*filled, "--state", str(tmp_path)]) == volatile(tmp_path)
    assert "market-stall, 10 sensors, no hub: good" in capsys.readouterr().out


def test_check_prints_json_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(
        ["--config", str(STALL), "--state", str(tmp_path), "check", "--json"]
    ) == volatile(tmp_path)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["sensors"] == 10


def test_check_fails_where_a_power_cut_would_take_the_alarms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path / "memory", 16384) as memory:
        assert cli.main(["--config", str(STALL), "--state", str(memory), "check"]) == 1
    assert "wrong: " in (said := capsys.readouterr().err)
    assert "every event is gone after a power cut" in said


def test_check_says_what_would_keep_a_provisioned_device_from_its_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "device.key"
    key.write_text("secret")
    key.chmod(0o644)
    path = tmp_path / "device.toml"
    path.write_text(
        STALL.read_text() + f'[hub]\nhost = "hub.example"\nkey = "{key}"\nca = "/gone"\n'
    )
    assert cli.main(["--config", str(path), "--state", str(tmp_path), "check"]) == volatile(
        tmp_path
    )
    said = capsys.readouterr().err
    assert "note: /gone cannot be read" in said
    assert "chmod 0600" in said


def test_check_says_why_no_words_would_be_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "device.toml"
    voice = f'[annunciator.voice]\ncard = "Nobody"\nlanguages = ["ko"]\nfolder = "{tmp_path}"\n'
    path.write_text(STALL.read_text() + voice)
    assert cli.main(["--config", str(path), "--state", str(tmp_path), "check"]) == volatile(
        tmp_path
    )
    said = capsys.readouterr().err
    assert "no sound card is called Nobody" in said
    assert "make_prompts.py" in said


def test_events_shows_what_waits_and_what_is_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")

    def make(seq: int, previous: str) -> Event:
        return event(seq)

    outbox.put(make)
    outbox.put(make)
    outbox.reader(HOME).confirm(1, 5.0)
    outbox.close()
    assert cli.main(["--state", str(tmp_path), "events", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["seq"]: row["confirmed"] for row in rows} == {1: True, 2: False}
    assert cli.main(["--state", str(tmp_path), "events"]) == 0
    assert "연기 / smoke" in capsys.readouterr().out


@pytest.mark.parametrize(
    "body", [b"\xff", b"7", b'{"id":"\xff"}', b'{"hazard":"sos","why":3}', b'{"seq":"1"}']
)
def test_events_shows_a_damaged_record_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    Outbox(tmp_path / "outbox.db").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.db")) as db, db:
        db.execute("INSERT INTO event VALUES (7, 'a-7', 1, NULL, ?)", (body,))
    assert cli.main(["--state", str(tmp_path), "events"]) == 0
    assert "is damaged  waiting" in capsys.readouterr().out
    assert cli.main(["--state", str(tmp_path), "events", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "a-7"


@pytest.mark.parametrize("command", ["events", "status"])
def test_asking_where_no_agent_ever_ran_is_a_clear_no(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--state", str(tmp_path), "--run-dir", str(tmp_path)]
    assert cli.main([*where, command]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("profile", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_self_test_passes_on_every_profile(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--config", str(profile), "--state", str(tmp_path), "selftest"]) == 0
    lines = capsys.readouterr().out.splitlines()
    # two ways to a hazard, and the outbox; a street claims none
    assert len(lines) >= (2 if profile.stem == "street-node" else 3)
    assert all(line.startswith("ok") for line in lines)


def test_the_self_test_never_sounds_the_siren_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--config", str(STALL), "--state", str(tmp_path), "selftest"]) == 0
    said = capsys.readouterr()
    assert "siren" not in said.out
    assert "not sounded: --sound" in said.err


def test_a_siren_that_nobody_can_hear_is_not_proven(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--config", str(STALL), "--state", str(tmp_path), "--run-dir", str(tmp_path)]
    assert cli.main([*where, "selftest", "--sound"]) == 1
    assert "FAIL siren: no microphone" in capsys.readouterr().out


def test_the_siren_of_a_running_agent_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "status.json").write_text(
        json.dumps({"written_at": time.monotonic(), "sensors": {}})
    )
    where = ["--config", str(STALL), "--state", str(tmp_path), "--run-dir", str(tmp_path)]
    assert cli.main([*where, "selftest", "--sound"]) == 1
    assert "running agent holds the siren" in capsys.readouterr().err


def test_the_self_test_fails_without_a_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--config", str(STALL), "--state", str(tmp_path / "gone"), "selftest"]) == 1
    assert "FAIL outbox" in capsys.readouterr().out


def test_replay_prints_one_json_object_an_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        Reading("ceiling", Quantity.TEMPERATURE_C, 20 if at < 60 else 90, float(at))
        for at in range(0, 120, 2)
    ]
    write(tmp_path / "step", title="a step", scenario="made here", rows=rows, labels={})
    assert cli.main(["replay", str(tmp_path / "step"), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"t_s", "hazard", "stage", "evidence", "why"} <= found[0].keys()
    assert any(each["hazard"] == "fire" and each["stage"] == "alarm" for each in found)


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["replay", "/nowhere"], 1, "/nowhere"),
        (["replay", ".", "--profile", "castle"], 78, "market-stall, "),
        (["replay", ".", "--config", "/nowhere.toml"], 78, "/nowhere.toml"),
    ],
)
def test_a_replay_that_cannot_be_says_why_in_one_line(
    argv: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert says in said.err


def test_probe_shows_a_running_agents_last_readings_with_age_and_coverage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reading = {"value": 21.5, "age_s": 3.2}
    found = {
        "written_at": time.monotonic(),
        "coverage": {"fire": {"claim": "assumed", "why": ""}},
        "sensors": {
            "ceiling": {
                "driver": "dht22",
                "state": "ok",
                "why": "",
                "readings": {"TEMPERATURE_C": reading},
                "covers": ["fire"],
            }
        },
    }
    (tmp_path / "status.json").write_text(json.dumps(found))
    where = ["--config", str(STALL), "--run-dir", str(tmp_path)]
    assert cli.main([*where, "probe"]) == 0
    said = capsys.readouterr()
    assert "running agent" in said.err
    assert "TEMPERATURE_C 21.5 (3 s ago)  [fire: assumed]" in said.out
    assert cli.main([*where, "probe", "--json"]) == 0
    (row,) = capsys.readouterr().out.splitlines()
    assert json.loads(row)["covers"] == {"fire": {"claim": "assumed", "why": ""}}
    assert json.loads(row)["readings"] == {"TEMPERATURE_C": reading}


def test_an_agent_that_was_killed_is_not_called_running(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = int(Path("/proc/sys/kernel/pid_max").read_text())  # numbers are below this one
    found = {"written_at": time.monotonic(), "sensors": {}, "pid": last}
    (tmp_path / "status.json").write_text(json.dumps(found))
    assert cli.main(["--run-dir", str(tmp_path), "status"]) == 1
    assert "no agent is running" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{}", "[1]", '{"written_at": 1e18}', '{"written_at": "x"}', "{"])
def test_a_status_that_no_agent_wrote_is_no_agent(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "status.json").write_text(text)
    assert cli.main(["--run-dir", str(tmp_path), "status"]) == 1
    assert "no agent is running" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no database at all" * 99])
def test_a_damaged_outbox_is_said_in_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outbox.db").write_bytes(content)
    assert cli.main(["--state", str(tmp_path), "events"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", ["version", "check"])
def test_an_output_that_takes_nothing_is_one_line(command: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(  # our own command
            [HAETAE, "--config", str(STALL), command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("output: No space left on device")
    assert "Traceback" not in done.stderr


def test_korean_is_written_whatever_the_locale_calls_text() -> None:
    recording = Path(__file__).parents[1] / "replays" / "flaming-stall"
    done = subprocess.run(  # our own command
        [HAETAE, "replay", str(recording)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "불" in done.stdout.decode()
