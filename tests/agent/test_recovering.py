"""A wire that has died: the agent ends to begin anew, then asks for a reboot, then only tells."""

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.boot_cause import REQUEST, BootCause, Request, ask_for_reboot, read_cause
from agent.config import load
from agent.envelope import kernel_boot
from agent.ladder import Memory
from agent.ledger_file import backwards
from agent.recovering import ANEW, FILE, PROCESS, REBOOT, Recovering
from tests.running import RunningAgent, running, until

ROOM = """
profile = "single-room"
title = { ko = "방", en = "A room" }
[annunciator]
siren = { gpio = 18 }
[sos]
buttons = ["sos"]
[fire.fixed_heat]
rise = 60.0
[[sensors]]
name = "air"
driver = "sht4x"
every_s = 30.0
[[sensors]]
name = "sos"
driver = "button"
gpio = 23
every_s = 30.0
"""
BESIDE = """
[[sensors]]
name = "particles"
driver = "pmsa003i"
"""
WIRE = "i2c-1 (air)"
FAST = ("--rate", "200")  # a quarter of an hour in five seconds


def memory(agent: RunningAgent) -> Memory:
    path = agent.state / FILE
    return msgspec.json.decode(path.read_bytes(), type=Memory) if path.exists() else Memory()


def tried(agent: RunningAgent) -> set[str]:
    case = memory(agent).cases.get(WIRE)
    return set() if case is None else set(case.tried)


def asked(agent: RunningAgent) -> Request | None:
    path = agent.run_dir / REQUEST
    return msgspec.json.decode(path.read_bytes(), type=Request) if path.exists() else None


def trouble(agent: RunningAgent) -> str:
    return str((agent.status() or {"trouble": {}})["trouble"].get("recovery", ""))


def recorded(agent: RunningAgent, kind: str) -> list[Any]:
    found = [sealed.record for sealed in backwards(agent.state / "ledger")]
    return [record.body for record in found[::-1] if record.kind == kind]


def made_at(path: Path) -> int | None:
    """When it was made, in ns; its inode's number may be given again."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_ctime_ns
    return None


def begin_anew(agent: RunningAgent) -> None:
    """Have the bus die until the process ends; the same command starts it again at once."""
    socket = agent.folder / "control"
    before = made_at(socket)
    agent.set("air.fault", "slow")  # every transfer times out, and no clock frees it
    until(lambda: tried(agent) == {PROCESS}, 20, "the process is to begin anew")
    until(lambda: made_at(socket) not in {None, before}, 20, "it has")
    agent.listen_anew()


def works(agent: RunningAgent) -> bool:
    return agent.armed() and WIRE in memory(agent).worked


def test_a_stuck_bus_ends_the_process_once_then_a_reboot_is_asked_for_once(tmp_path: Path) -> None:
    with running(tmp_path, ROOM, arguments=FAST) as agent:
        until(lambda: works(agent), 20, "the bus has worked")
        begin_anew(agent)
        agent.set("air.fault", "slow")  # it did not help
        found = until(lambda: asked(agent), 30, "a reboot is asked for")
        assert found.boot == kernel_boot()
        assert found.reason.startswith(f"{WIRE}: no answer for ")
        assert tried(agent) == {PROCESS, REBOOT}
        assert "did not help" in until(lambda: trouble(agent), 10, "it is told")
        until(lambda: asked(agent) is None, 20, "nobody has granted it: it is withdrawn")
        # it may be asked for again, on another day
        until(lambda: tried(agent) == {PROCESS}, 10, "it is remembered so")
        assert agent.stop() == 0
        assert [body["rung"] for body in recorded(agent, "recovery")] == [PROCESS, REBOOT]


def test_a_restart_that_helped_is_forgotten_once_the_bus_has_done_well(tmp_path: Path) -> None:
    with running(tmp_path, ROOM, arguments=FAST) as agent:
        until(lambda: works(agent), 20, "the bus has worked")
        begin_anew(agent)  # and its bus is a new one
        until(lambda: not memory(agent).cases, 20, "the case is closed")
        assert memory(agent).spent.keys() == {PROCESS}
        assert asked(agent) is None


class Told:
    """The ladder on its own, in virtual time, told of two wires by what an agent's status says."""

    def __init__(self, folder: Path, text: str = ROOM) -> None:
        self.now, self.ended, self.noted = 0.0, list[int](), list[str]()
        config = folder / "device.toml"
        config.write_text(text)
        self.state, self.run_dir = folder / "state", folder / "run"
        self.run_dir.mkdir(exist_ok=True)
        self.ladder = Recovering(
            load(config),
            (self.state, self.run_dir),
            lambda: self.now,
            lambda kind, _: self.noted.append(kind),
            self.ended.append,
        )

    def live(self, for_s: float, state: str, why: str = "", source: str = "ntp") -> None:
        until_s = self.now + for_s
        well = {"state": "ok", "why": ""}
        sensors = {"air": {"state": state, "why": why}, "sos": well, "particles": well}
        status = {"clock": {"source": source}, "sensors": sensors, "siren": "fault", "active": []}
        status |= {"hubs": [{"acknowledged_s_ago": 12.0}]}
        while self.now < until_s:
            self.now += 60.0
            self.ladder.look(self.now, status, is_tried=False)


DAY_S = 86_400.0


@pytest.mark.parametrize("why", ["no_answer: nobody there", "wrong_device: 0x12", "muted: by hand"])
def test_what_never_worked_is_told_and_nothing_is_tried(tmp_path: Path, why: str) -> None:
    told = Told(tmp_path)
    told.live(2 * DAY_S, "failing", why)
    assert (told.ended, told.noted) == ([], [])
    assert not told.ladder.trouble


@pytest.mark.parametrize(
    "why", ["wrong_device: 0x12", "muted: by hand", "corrupted: crc", "disconnected: 0 mV"]
)
def test_a_part_that_answers_however_wrongly_is_no_reason(tmp_path: Path, why: str) -> None:
    told = Told(tmp_path)
    told.live(3600, "ok")
    told.live(2 * DAY_S, "failing", why)
    assert (told.ended, told.noted) == ([], [])


def test_what_the_disk_does_not_remember_is_not_tried(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.live(3600, "ok")
    (told.state / FILE).unlink()
    (told.state / FILE).mkdir()  # nothing can be put in its place
    told.live(DAY_S, "silent")
    assert told.ended == []
    assert "does not keep" in told.ladder.trouble["recovery"]
    (told.state / FILE).rmdir()
    told.live(DAY_S, "silent")
    assert told.ended == [ANEW]


def test_a_damaged_memory_counts_as_spent(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.live(3600, "ok")
    (told.state / FILE).write_bytes(b"\0" * 64)
    again = Told(tmp_path)
    again.live(3600, "ok")
    again.live(DAY_S - 2 * 3600, "silent")
    assert again.ended == []
    again.live(2 * 3600, "silent")
    assert again.ended == [ANEW]


def test_a_clock_without_a_source_is_told_after_a_day_where_there_is_a_hub(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.live(2 * DAY_S, "ok", source="unset")
    assert not told.ladder.trouble  # a device of its own needs no time of day
    (tmp_path / "more").mkdir()
    hub = ROOM + '[device]\nid = "a"\nsite = "b"\n[hub]\nhost = "127.0.0.1"\ntls = false\n'
    hubbed = Told(tmp_path / "more", hub)
    hubbed.live(DAY_S - 60, "ok", source="unset")
    assert not hubbed.ladder.trouble
    hubbed.live(DAY_S, "ok", source="unset")
    assert hubbed.ladder.trouble["clock"] == "nobody has vouched for the time for 1 d"
    hubbed.live(60, "ok")
    assert not hubbed.ladder.trouble


def test_a_dead_sensor_on_a_bus_that_answers_is_no_reason(tmp_path: Path) -> None:
    told = Told(tmp_path, ROOM + BESIDE)
    told.live(3600, "ok")
    told.live(2 * DAY_S, "silent")  # "particles" goes on
    assert (told.ended, told.noted) == ([], [])


def test_nothing_is_tried_while_somebody_calls_for_help(tmp_path: Path) -> None:
    with running(tmp_path, ROOM, arguments=FAST) as agent:
        until(lambda: works(agent), 20, "the bus has worked")
        agent.set("sos.pressed", 1)
        begun = until(lambda: (s := agent.status()) and s["active"] and s, 20, "the call")
        agent.set("air.fault", "slow")
        until(lambda: (agent.status() or begun)["at"] > begun["at"] + 2000, 30, "half an hour")
        assert tried(agent) == set()
        assert WIRE in memory(agent).cases


def put_cause(folder: Path, cause: str) -> BootCause:
    (folder / "run-recovery").mkdir(exist_ok=True)
    found = msgspec.convert({"boot": kernel_boot(), "boots": 7, "cause": cause}, BootCause)
    (folder / "run-recovery" / "boot-cause.json").write_bytes(msgspec.json.encode(found))
    return found


def test_why_the_device_started_is_recorded_once_a_boot_and_told_for_an_hour(
    tmp_path: Path,
) -> None:
    found = put_cause(tmp_path, "power_loss")
    first = Told(tmp_path)
    assert (first.noted, first.ladder.boot) == (["boot"], str(found))
    first.live(3540, "ok")
    assert first.ladder.started == str(found)
    again = Told(tmp_path)  # the process alone
    again.live(3540, "ok")
    assert (again.noted, again.ladder.started) == ([], str(found))
    again.live(120, "ok")
    assert again.ladder.started == ""
    put_cause(tmp_path, "orderly")
    assert Told(tmp_path).ladder.started == ""  # no news


def test_the_agent_says_why_the_device_started(tmp_path: Path) -> None:
    found = put_cause(tmp_path, "watchdog")
    with running(tmp_path, ROOM) as agent:
        said = until(lambda: agent.armed() and agent.status(), 20, "armed")
        assert (said["boot"], said["started"]) == (str(found), str(found))
        assert agent.stop() == 0
        assert [body["boots"] for body in recorded(agent, "boot")] == [7]


def test_a_cause_of_another_boot_and_one_that_is_damaged_are_not_believed(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    (tmp_path / "run-recovery").mkdir()
    path = tmp_path / "run-recovery" / "boot-cause.json"
    path.write_bytes(msgspec.json.encode(BootCause("before", 1, "panic")))
    assert read_cause(run_dir, "now") is None
    assert read_cause(run_dir, "before") is not None
    path.write_bytes(b'{"boot": "now", "cause": "aliens"')
    assert read_cause(run_dir, "now") is None


def test_the_request_is_for_root_to_read_whatever_the_umask(tmp_path: Path) -> None:
    ask_for_reboot(tmp_path, "a reason " * 100)
    path = tmp_path / REQUEST
    assert path.stat().st_mode & 0o777 == 0o644
    found = msgspec.json.decode(path.read_bytes(), type=Request)
    assert (found.by, len(found.reason)) == ("agent", 200)
