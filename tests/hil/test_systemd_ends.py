"""However the agent ends, systemd starts it again, and what it kept is there."""

import itertools

import pytest

from tests.hil.device import haetae, status, wait
from tests.hil.rigs.rig import Capability, CommandError, Rig, needs
from tests.hil.units import (
    AGENT,
    PERCEPTION,
    Journal,
    changed,
    configured,
    is_armed,
    main_pid,
    show,
    skip_where_held_back,
)

booted = needs(Capability.INIT, Capability.ROOT)
pressed = needs(Capability.KNOBS, knobs=["sos.pressed", "smoke_alarm.alarm"])
HURRY = ("RestartSec=50ms", "RestartSteps=0")
CAMERA = '[[sensors]]\nname = "eye"\ndriver = "camera"\nfalls = false\n'


def alarms(rig: Rig, behind: int) -> None:
    """The smoke alarm's contact still moves the siren, and the hub hears of it."""
    rig.set({"smoke_alarm.alarm": 1})
    rig.hub.event("fire", "alarm", within_s=20, behind=behind)
    wait(rig.siren_edges, 10, "the siren's wire moves")


@booted
@pressed
def test_an_agent_that_hangs_is_aborted_and_alarms_again(rig: Rig) -> None:
    shipped = rig.run(f"cat {show(rig, AGENT, 'FragmentPath')}")
    assert "\nWatchdogSec=30\n" in shipped  # here, so that nobody waits, 5 s
    with changed(rig, AGENT, "WatchdogSec=5"):
        rig.start_again()
        journal, hung, known = Journal(rig, AGENT), main_pid(rig), len(rig.hub.events())
        rig.run(f"kill -STOP {hung}")
        wait(lambda: main_pid(rig) not in {0, hung}, 30, "systemd starts another")
        # threads run on while Python prints where they are, so that it may fall over that
        for word in ("with result 'watchdog'", "SIGABRT", "Fatal Python error", "process exited"):
            wait(lambda word=word: journal.has(word), 10, f"the journal has {word}")  # type: ignore[misc]  # bound now
        wait(lambda: is_armed(rig), 30, "armed again")
        alarms(rig, known)


@booted
@pressed
@needs(knobs=["box_heat.celsius"])
def test_a_worker_that_hangs_is_enough(rig: Rig) -> None:
    with changed(rig, AGENT, "WatchdogSec=5"):
        rig.start_again()
        journal, hung = Journal(rig, AGENT), main_pid(rig)
        rig.set({"box_heat.celsius": 21.0})  # held: nobody writes the file of its wire any more
        wire = rig.run("find -L /run/haetae/w1 -maxdepth 2 -name w1_slave").split()[0]
        # a file that never answers: what a wedged bus is to whoever reads it
        rig.run(f"rm {wire} && mkfifo --mode=0666 {wire}")
        wait(lambda: status(rig)["late"], 60, "its worker is late")
        assert show(rig, AGENT, "ActiveState") == "active"
        rig.set({"sos.pressed": 1})  # nobody else hangs
        wait(lambda: status(rig)["active"], 5, "help is called for")
        wait(lambda: main_pid(rig) not in {0, hung}, 30, "systemd starts another")
        for word in ("no progress from", "with result 'watchdog'", "in read_text"):  # where it hung
            wait(lambda word=word: journal.has(word), 10, f"the journal has {word}")  # type: ignore[misc]  # bound now
        wait(lambda: is_armed(rig), 30, "armed again")


@booted
@pressed
def test_a_loop_of_crashes_never_makes_systemd_give_up(rig: Rig) -> None:
    known = len(rig.hub.events())
    with changed(rig, AGENT, *HURRY):  # as quick as it can: the worst case for a start limit
        rig.start_again()
        journal, starts = Journal(rig, AGENT), int(show(rig, AGENT, "NRestarts"))
        for signal in itertools.islice(itertools.cycle(("KILL", "ABRT", "SEGV")), 21):
            pid = wait(lambda: main_pid(rig), 10, "systemd starts another")
            rig.run(f"kill -{signal} {pid}")
            wait(lambda pid=pid: main_pid(rig) != pid, 10, "it has ended")  # type: ignore[misc]  # bound now
        assert int(show(rig, AGENT, "NRestarts")) - starts >= 20
        wait(lambda: is_armed(rig), 30, "armed again, at the first start that nobody ends")
        assert not journal.has("too quickly")
        assert show(rig, AGENT, "NRestarts") != "0"
        alarms(rig, known)


@booted
@pressed
def test_perception_that_dies_again_and_again_does_not_touch_the_agent(rig: Rig) -> None:
    skip_where_held_back(rig, PERCEPTION)
    text = rig.get(rig.at.config).decode().replace("[device]", f"{CAMERA}[device]")
    with changed(rig, PERCEPTION, *HURRY), configured(rig, text):
        wait(lambda: "eye" in status(rig).get("sensors", {}), 30, "by that configuration")
        wait(lambda: is_armed(rig), 30, "armed")
        agent, known, beats = main_pid(rig), len(rig.hub.events()), []
        for _ in range(6):
            pid = wait(lambda: main_pid(rig, PERCEPTION), 30, "perception runs")
            wait(lambda: show(rig, PERCEPTION, "ActiveState") == "active", 30, "it is at work")
            rig.run(f"kill -KILL {pid}")
            wait(lambda pid=pid: main_pid(rig, PERCEPTION) not in {0, pid}, 30, "another runs")  # type: ignore[misc]  # bound now
            beats.append(status(rig)["written_at"])
        assert int(show(rig, PERCEPTION, "NRestarts")) >= 6
        assert main_pid(rig) == agent
        assert not status(rig)["late"]
        assert beats == sorted(beats)
        alarms(rig, known)
    wait(lambda: "eye" not in status(rig).get("sensors", {"eye"}), 30, "without a camera again")


@booted
@pytest.mark.parametrize("asks", [True, False])
def test_who_judges_a_system_gets_longer_when_it_asks_for_it(rig: Rig, asks: bool) -> None:
    longer = "sdnotify.notify('EXTEND_TIMEOUT_USEC=90000000');" if asks else ""
    program = f"import time; from agent import sdnotify; {longer} time.sleep(15)"
    bounds = "-p Type=oneshot -p NotifyAccess=main -p TimeoutStartSec=10"
    command = f'systemd-run --wait --quiet --collect {bounds} {rig.at.python} -B -c "{program}"'
    if asks:
        rig.run(command, 120)
        return
    with pytest.raises(CommandError):
        rig.run(command, 120)


@booted
@pressed
def test_what_a_device_keeps_outlives_kill_and_reboot(rig: Rig) -> None:
    identity = rig.run("sha256sum /etc/haetae/identity/* /etc/haetae/device.toml")
    known = len(rig.hub.events())
    with rig.hub.away():
        rig.set({"sos.pressed": 1})
        wait(lambda: status(rig).get("outbox", {}).get("pending"), 20, "the event waits")
        rig.set({"sos.pressed": 0})
        _, before = haetae(rig, "events")
        rig.kill()
        rig.reboot()
        _, after = haetae(rig, "events")
        told = [each["id"] for each in before]
        assert told
        assert [each["id"] for each in after][: len(told)] == told
    found = rig.hub.event("sos", "alarm", within_s=30, behind=known)
    assert found.id in told
    assert rig.run("sha256sum /etc/haetae/identity/* /etc/haetae/device.toml") == identity
    code, _ = haetae(rig, "ledger verify")
    assert code == 0
