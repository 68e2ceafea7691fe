"""When memory runs out, everything else dies before the agent."""

from collections.abc import Callable

import pytest

from tests.hil.device import status, wait
from tests.hil.rigs.nspawn import NspawnRig
from tests.hil.rigs.rig import Capability, Rig, RigError, needs
from tests.hil.test_systemd_ends import CAMERA
from tests.hil.units import (
    AGENT,
    PERCEPTION,
    configured,
    main_pid,
    ours,
    show,
    skip_where_held_back,
)

booted = needs(Capability.INIT, Capability.ROOT)
HANDS_OFF = 1 << 24  # CAP_SYS_RESOURCE: without it nobody's score can be lowered
ROOM_MIB, BEYOND_MIB = 48, 16  # and perception alone has some 35
STILL_S, STILL_KIB = 3.0, 512


def score(rig: Rig, unit: str) -> int:
    """What the kernel goes by when it looks for somebody to kill; the highest dies first."""
    return int(rig.run(f"cat /proc/{main_pid(rig, unit)}/oom_score"))


@booted
def test_every_unit_has_a_bound_and_the_agent_is_asked_last(rig: Rig) -> None:
    wanted = {unit: int(show(rig, unit, "OOMScoreAdjust")) for unit in ours(rig)}
    agent = wanted.pop(AGENT)
    assert agent == -500
    assert min(wanted.values()) > agent
    assert wanted[PERCEPTION] > 0
    unbounded = {unit for unit in ours(rig) if show(rig, unit, "MemoryMax") == "infinity"}
    assert not unbounded


@booted
def test_the_kernel_ends_perception_before_the_agent(rig: Rig) -> None:
    skip_where_held_back(rig, PERCEPTION)
    text = rig.get(rig.at.config).decode().replace("[device]", f"{CAMERA}[device]")
    with configured(rig, text):
        wait(lambda: "eye" in status(rig).get("sensors", {}), 30, "by that configuration")
        perception = wait(lambda: main_pid(rig, PERCEPTION), 30, "perception runs")
        wait(lambda: show(rig, PERCEPTION, "ActiveState") == "active", 30, "it is at work")
        wait(_stillness(rig), 60, "neither grows any more")
        agent = main_pid(rig)
        assert score(rig, PERCEPTION) > score(rig, AGENT)
        _assert_as_the_unit_says(rig)
        _run_out(rig, perception)
        assert main_pid(rig, PERCEPTION) != perception
        assert main_pid(rig) == agent
        assert status(rig)["armed"]
        wait(lambda: main_pid(rig, PERCEPTION), 30, "perception is started again")


def _stillness(rig: Rig) -> Callable[[], bool]:
    """Tells whether agent and perception took no more memory from one look to the next."""
    looks: list[tuple[float, int]] = []

    def is_still() -> bool:
        at = float(status(rig)["written_at"])
        if not looks or at - looks[-1][0] >= STILL_S:
            looks.append((at, sum(_resident_kib(rig, unit) for unit in (AGENT, PERCEPTION))))
        return len(looks) > 1 and abs(looks[-1][1] - looks[-2][1]) < STILL_KIB

    return is_still


def _resident_kib(rig: Rig, unit: str) -> int:
    said = rig.run(f"sed -n 's/^VmRSS:[^0-9]*//p' /proc/{main_pid(rig, unit)}/status")
    return int(said.split()[0])


def _assert_as_the_unit_says(rig: Rig) -> None:
    mine = int(rig.run("sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status"), 16)
    if mine & HANDS_OFF:  # a container is not always let
        assert int(rig.run(f"cat /proc/{main_pid(rig)}/oom_score_adj")) == -500


def _run_out(rig: Rig, perception: int) -> None:
    """Fill memory that belongs to no process until the kernel has ended somebody."""
    if not isinstance(rig, NspawnRig) or rig.machine is None:
        pytest.skip(f"rig {rig.name} has no memory of its own that could be taken away")
    fill = f"dd if=/dev/zero of=/dev/shm/fill bs=1M count={ROOM_MIB + BEYOND_MIB}"
    try:
        rig.machine.limit_memory(ROOM_MIB)
    except RigError as error:
        pytest.skip(str(error))
    try:
        rig.run(f"systemd-run --wait --quiet --unit=fill --collect {fill} || true")
        wait(lambda: main_pid(rig, PERCEPTION) != perception, 10, "somebody was ended")
    finally:
        rig.run("rm -f /dev/shm/fill")
        rig.machine.limit_memory(None)
