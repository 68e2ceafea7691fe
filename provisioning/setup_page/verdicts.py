"""What a trial came to, in words for whoever did it: what is wrong, and what to do next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.commands import Code
from agent.coverage import covered_by
from agent.sections import Config
from agent.values import FailureKind, Hazard, Stage, Why
from drivers.board import SensorConfig
from provisioning.setup_page.draft import Trial
from provisioning.setup_page.judges import Judge, Manner
from provisioning.setup_page.words import FAILURES, WARMING, Task, task_of

Body = Mapping[str, Any]

# contacts that only a hand moves: if one of them answers instead, its wires are in the wrong place
_BY_HAND = frozenset(
    {
        "BUTTON",
        "CONTACT_OPEN",
        "SMOKE_ALARM_CONTACT",
        "ENCLOSURE_OPEN",
        "WATER_PRESENT",
        "BED_OCCUPIED",
        "SUPPLY_LOST",
        "FLAME_IR",
    }
)
# what moves whenever somebody is in the room
_BY_PRESENCE = frozenset(
    {"MOTION", "PRESENCE", "DISTANCE_M", "VIEW", "SOUND_LAF_DBA", "SOUND_LEQ_DB", "TAG_RSSI_DBM"}
)
_STILL = 0.3  # of what counts: it has not moved
_CLEARLY = 1.0

_WORDS: Mapping[str, tuple[Why, Why]] = {
    "no-change": (
        Why("값이 거의 변하지 않았어요.", "Its value hardly changed."),
        Why(
            "더 가까이에서, 조금 더 오래 다시 해 주세요. 그래도 안 되면 센서의 선을 확인해 주세요.",
            "Do it again, closer and a little longer. If it stays so, check the sensor's wires.",
        ),
    ),
    "not-back": (
        Why(
            "값이 변했지만 제자리로 돌아오지 않았어요.", "Its value changed, but did not come back."
        ),
        Why(
            "자극을 완전히 치우고, 잠시 기다렸다가 다시 해 주세요.",
            "Take away whatever you held to it, wait a little, and do it again.",
        ),
    ),
    "no-alarm": (
        Why("센서는 느꼈지만 경보가 울리지 않았어요.", "The sensor felt it, but no alarm came."),
        Why(
            "더 진하게, 더 오래 다시 해 주세요.",
            "Do it again, stronger and for longer.",
        ),
    ),
    "sensor-silent": FAILURES["silent"][1:],
    "agent-away": (
        Why("시험하는 동안 기기가 다시 시작했어요.", "The device started anew during the test."),
        Why("처음부터 다시 해 주세요.", "Please do it again from the beginning."),
    ),
    "called": (
        Why(
            "이 단추로 도움을 부른 것이 아직 끝나지 않았어요.",
            "A call for help by this button is still open.",
        ),
        Why(
            "정말 도움이 필요하면 119에 전화하세요. 실수로 눌렀으면 아래 단추로 알려 주세요.",
            "If help is needed, call 119. If it was pressed by mistake, say so below.",
        ),
    ),
    "fading": (
        Why(
            "앞의 시험에서 생긴 신호가 아직 남아 있어요.",
            "Something is left of the test before.",
        ),
        Why(
            "값이 제자리로 오면 몇 분 뒤에 저절로 그쳐요. 기다렸다가 다시 해 주세요.",
            "It ends by itself some minutes after the values are back. Please wait, and do it "
            "again.",
        ),
    ),
    "busy": (
        Why("지금은 이 센서를 시험할 수 없어요.", "This sensor cannot be tested now."),
        Why(
            "경보가 울리고 있으면 그칠 때까지 기다렸다가 다시 해 주세요.",
            "If an alarm is under way, wait until it is over, and do it again.",
        ),
    ),
}
PASSED = Why("센서가 잘 느꼈어요.", "The sensor felt it.")
PROVEN = Why("센서가 느꼈고 경보가 울렸어요.", "The sensor felt it, and the alarm came.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What goes on already of what a sensor stands for.

    `fades_s`: only tests and prealarms, which end so many seconds after their values are back;
    `is_called`: a real call by this very button.
    """

    fades_s: float | None = None
    is_called: bool = False


def failed(code: str, task: Task, judge: Judge | None) -> Trial:
    """A failure with this code."""
    why, remedy = _WORDS[code]
    curve = judge.points() if judge is not None else []
    quantity = task.stimulus.quantity
    return Trial(state="failed", code=code, why=why, remedy=remedy, quantity=quantity, curve=curve)


def fault_of(config: SensorConfig, failure: Body | None, status: Body) -> Trial | None:
    """Why it need not even be tried: it does not answer, or is not ready; None where it does."""
    found = problem(config.name, failure, status)
    if found is None:
        return None
    code, why, remedy = found
    quantity = task_of(config).stimulus.quantity
    return Trial(state="failed", code=code, why=why, remedy=remedy, quantity=quantity)


def problem(name: str, failure: Body | None, status: Body) -> tuple[str, Why, Why] | None:
    """What is wrong with a sensor, by its last failure and by what the agent thinks of it."""
    if failure is not None and failure["failure"] == FailureKind.MUTED:
        return FAILURES[FailureKind.MUTED]  # it says so itself, whatever else is thought of it
    state = status.get("sensors", {}).get(name, {}).get("state", "")
    if state == "warming":
        if failure is not None and failure["failure"] != FailureKind.NOT_READY:
            return FAILURES[failure["failure"]]
        return "warming", WARMING, FAILURES[FailureKind.NOT_READY][2]
    if state in {"", "ok"} and failure is None:
        return None
    if failure is not None and state != "ok":
        return FAILURES[failure["failure"]]
    return FAILURES.get({"silent": "silent", "doubted": "doubted"}.get(state, ""), None)


def passed(task: Task, judge: Judge, told: Sequence[Body]) -> Trial:
    """It has shown that it senses, and whether the alarm came by it."""
    proven = next((each for each in told if each.get("result") == "proven"), None)
    return Trial(
        state="passed",
        why=PASSED if proven is None else PROVEN,
        quantity=task.stimulus.quantity,
        curve=judge.points(),
        proof="response" if proven is None else "alarm",
        nonce=str(proven.get("nonce", "")) if proven is not None else "",
    )


def refused(task: Task, judge: Judge, body: Body, standing: Standing) -> Trial:
    """The agent would not open an inspection."""
    if body.get("code") == Code.FAILED:
        return failed("sensor-silent", task, judge)
    if standing.is_called:
        return failed("called", task, judge)
    if standing.fades_s is None:
        return failed("busy", task, judge)
    minutes = max(1, math.ceil(standing.fades_s / 60))
    return msgspec.structs.replace(
        failed("fading", task, judge),
        remedy=Why(
            f"값이 제자리로 온 뒤 {minutes}분쯤이면 저절로 그쳐요. 기다렸다가 다시 해 주세요.",
            f"It ends by itself about {minutes} minute{'s' * (minutes > 1)} after the values are "
            "back. Please wait, and do it again.",
        ),
    )


def standing(config: Config, name: str, status: Body) -> Standing:
    """By what the agent says of itself."""
    hazards = set(covered_by(config, name))
    found = [each for each in status.get("active", ()) if each["hazard"] in hazards]
    real = [e for e in found if e["stage"] == Stage.ALARM and not e.get("inspection")]
    if real:
        called = all(each["hazard"] == Hazard.SOS and each["subject"] == name for each in real)
        return Standing(is_called=called)
    ends = {Hazard.FIRE: config.fire.clear_s, Hazard.CO: config.co.clear_s}
    return Standing(max((ends.get(each["hazard"], 60.0) for each in found), default=None))


def swapped(mine: Why, other: Why, task: Task, judge: Judge) -> Trial:
    """Another sensor answered in its place; both as people call them."""
    return Trial(
        state="failed",
        code="wires-swapped",
        why=Why(
            f"'{mine.ko}' 대신 다른 센서가 답했어요: '{other.ko}'. "
            "두 센서의 선이 서로 바뀐 것 같아요.",
            f"Another sensor than '{mine.en}' answered: '{other.en}'. "
            "The wires of the two look swapped.",
        ),
        remedy=Why(
            f"전원을 끄고 두 센서('{mine.ko}', '{other.ko}')의 신호선을 서로 바꿔 꽂은 뒤, "
            "둘 다 다시 시험해 주세요.",
            f"Switch off, exchange the signal wires of the two ('{mine.en}' and '{other.en}'), "
            "and test both again.",
        ),
        quantity=task.stimulus.quantity,
        curve=judge.points(),
    )


def not_passed(task: Task, judge: Judge, told: Sequence[Body]) -> Trial:
    """It has not: by what its values and its inspection say."""
    if not judge.curve:
        return failed("sensor-silent", task, judge)
    result = next((each for each in told if each.get("result") == "failed"), None)
    if not judge.has_moved:
        return failed("no-change", task, judge)
    if not judge.has_passed:
        return failed("not-back", task, judge)
    if result is not None and "why" in result and result.get("outcome") != "no_alarm":
        why = Why(result["why"]["ko"], result["why"]["en"])
        code = f"inspection-{result['outcome'].replace('_', '-')}"
        trial = failed("no-alarm", task, judge)
        return Trial(
            state="failed", code=code, why=why, remedy=trial.remedy, quantity=trial.quantity,
            curve=trial.curve,
        )  # fmt: skip
    return failed("no-alarm", task, judge)


def answers_instead(mine: Judge, other: Judge) -> bool:
    """Whether another contact went over and back, moved by hand, while this one lay still."""
    is_contact = mine.stimulus.manner is Manner.EDGE and other.stimulus.quantity in _BY_HAND
    return is_contact and other.has_passed and mine.moved_by < _STILL


def who_moved(mine: Judge, others: Mapping[str, Judge]) -> str:
    """The sensor that moved while this one did not; empty: none, or this one did.

    One of the same quantity first. What moves whenever somebody is in the room tells nothing,
    unless that is what is tried; nor does what never moves by hand.
    """
    if mine.moved_by >= _STILL or mine.stimulus.manner is Manner.ANSWERS:
        return ""
    found = []
    for name, judge in others.items():
        quantity, is_like = (
            judge.stimulus.quantity,
            judge.stimulus.quantity == mine.stimulus.quantity,
        )
        if judge.stimulus.manner is Manner.ANSWERS or judge.moved_by < _CLEARLY:
            continue
        if quantity in _BY_PRESENCE and not is_like:
            continue
        found.append((not is_like, -judge.moved_by, name))
    return min(found)[2] if found else ""
