"""What is said of noise and of alarms next door, in plain polite Korean and in English."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.values import Why

if TYPE_CHECKING:
    from agent.detectors.noise_hour import Finding

_MEASURES: Mapping[str, Why] = {
    "laeq_1min": Why("충격음 1분 등가소음도", "The 1-minute equivalent level of impact noise"),
    "lmax": Why("충격음 최고소음도", "The highest level of impact noise"),
    "laeq_5min": Why(
        "공기전달음 5분 등가소음도", "The 5-minute equivalent level of airborne noise"
    ),
}
_TIMES: Mapping[bool | None, Why] = {
    True: Why("주간", "by day"),
    False: Why("야간", "by night"),
    None: Why("주야간 모두", "by day and by night"),
}

_UNKNOWN = Why(", 배경소음은 아직 알 수 없음", ", background not yet known")


def impact(level_dba: float, limit_dba: float) -> Why:
    """One blow above the limit for the highest level, both in dB(A)."""
    return Why(
        f"바닥 충격음 {level_dba:.0f} dB(A)이 최고소음도 기준 {limit_dba:.0f} dB(A)을 넘었습니다."
        " 1시간에 3회 이상이면 층간소음 기준을 초과합니다.",
        f"An impact of {level_dba:.0f} dB(A) was above {limit_dba:.0f} dB(A): three in an hour"
        " exceed the rule on noise between floors.",
    )


def exceeds(finding: "Finding", uncertainty_db: float) -> Why:
    """A limit of the rule is exceeded; the uncertainty in dB."""
    what, when = _MEASURES[finding.measure], _TIMES[finding.is_day]
    is_often = finding.measure == "lmax"
    ko = f" {finding.count}회" if is_often else ""
    en = f", {finding.count} times in an hour" if is_often else ""
    is_known = is_often or finding.background_dba is not None
    unknown = Why("", "") if is_known else _UNKNOWN
    return Why(
        f"{what.ko} {finding.level_dba:.0f} dB(A){ko}: {when.ko} 기준"
        f" {finding.limit_dba:.0f} dB(A) 초과(불확도 ±{uncertainty_db:.1f} dB{unknown.ko})."
        " 층간소음이웃사이센터(1661-2642)와 상담할 수 있습니다.",
        f"{what.en} is {finding.level_dba:.0f} dB(A){en}, above the limit of"
        f" {finding.limit_dba:.0f} dB(A) {when.en} (±{uncertainty_db:.1f} dB{unknown.en})."
        " The mediation centre for noise between floors (1661-2642) can be asked.",
    )


def quiet_again() -> Why:
    """For an hour nothing exceeded the rule."""
    return Why(
        "한 시간 동안 층간소음 기준을 넘지 않았습니다.",
        "For an hour no limit on noise between floors was exceeded.",
    )


def neighbour(pulses: int) -> Why:
    """Another alarm is heard: three pulses are smoke, four carbon monoxide."""
    if pulses == 4:
        return Why(
            "가까운 곳의 일산화탄소 경보기 소리가 들립니다. 이웃을 확인하고 119에 알리세요.",
            "A carbon monoxide alarm sounds nearby. Please check on the neighbours and call 119.",
        )
    return Why(
        "가까운 곳의 화재 경보기 소리가 들립니다. 이웃을 확인하고 119에 알리세요.",
        "A smoke alarm sounds nearby. Please check on the neighbours and call 119.",
    )


def neighbour_over() -> Why:
    """It has not been heard for minutes, which is not to say that it has stopped."""
    return Why(
        "이웃 경보음이 더 이상 들리지 않습니다. 멈췄는지는 확인해 주세요.",
        "The alarm nearby is no longer heard. Please check whether it has stopped.",
    )
