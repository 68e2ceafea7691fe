"""What is said of sensors that were provoked, for who mends them."""

from collections.abc import Mapping
from types import MappingProxyType

from agent.provocation import Outcome
from agent.values import Why
from drivers.stimulus import Reach

OUTCOMES: Mapping[Outcome, Why] = MappingProxyType(
    {
        Outcome.ANSWERED: Why("자극에 반응했습니다", "answered to its stimulus"),
        Outcome.NO_ALARM: Why(
            "자극을 느꼈지만 경보로 이어지지 않았습니다",
            "felt its stimulus, but no alarm would have come of it",
        ),
        Outcome.NO_ANSWER: Why("자극에 반응하지 않습니다", "does not answer to its stimulus"),
        Outcome.NOT_BACK: Why(
            "자극이 끝난 뒤에도 값이 돌아오지 않습니다",
            "did not come back after its stimulus: stuck, or a real danger",
        ),
        Outcome.DRY: Why(
            "자극을 돌려주지 않습니다. 셀이 말랐거나 빠져 있을 수 있습니다",
            "gave nothing back of its stimulus: its cell is dried out or off its pins",
        ),
        Outcome.SILENT: Why("자극을 주는 동안 값이 오지 않았습니다", "said nothing while provoked"),
        Outcome.BEYOND: Why(
            "자극만으로는 설명되지 않는 값이 나와 실제 상황으로 다룹니다",
            "said more than its stimulus explains, and is believed",
        ),
        Outcome.BROKEN_OFF: Why("다른 일이 생겨 중단했습니다", "was left alone: something came up"),
    }
)
_REACHES: Mapping[Reach, str] = MappingProxyType(
    {
        Reach.ELECTRONICS: "electronics tested",
        Reach.ELEMENT: "sensing element tested",
        Reach.DANGER: "tested",
    }
)


def tested(reach: Reach, when: str) -> str:
    """How far a sensor that passed was tested, and when: for the claim of coverage."""
    return f"{_REACHES[reach]} {when}"


def failed(sensor: str, outcome: Outcome) -> Why:
    """A sensor failed its self-test."""
    words = OUTCOMES[outcome]
    return Why(
        f"센서 {sensor}: 자체 점검에서 {words.ko}. 점검해 주세요.",
        f"Sensor {sensor} {words.en} in its self-test. Please have it looked at.",
    )


def passed_again(sensor: str) -> Why:
    """It passes again."""
    return Why(
        f"센서 {sensor}: 자체 점검을 다시 통과했습니다.",
        f"Sensor {sensor} passes its self-test again.",
    )
