"""The sentences of a street's hours."""

from collections.abc import Iterable, Mapping

from agent.care_wording import joined
from agent.values import Why

__all__ = ["joined"]

# what each quantity is called, and its unit in either language
_NAMES: Mapping[str, tuple[Why, Why]] = {
    "PM10_UG_M3": (Why("미세먼지(PM10)", "PM10"), Why(" µg/m³", " µg/m³")),
    "PM2_5_UG_M3": (Why("초미세먼지(PM2.5)", "PM2.5"), Why(" µg/m³", " µg/m³")),
    "CO2_PPM": (Why("이산화탄소", "CO2"), Why(" ppm", " ppm")),
    "VOC_INDEX": (Why("휘발성 물질 지수", "VOC index"), Why("점", "")),
    "TVOC_PPB": (Why("휘발성 유기화합물", "Vapours"), Why(" ppb", " ppb")),
    "TEMPERATURE_C": (Why("기온", "air temperature"), Why(" °C", " °C")),
    "RELATIVE_HUMIDITY_PCT": (Why("습도", "humidity"), Why(" %", " %")),
    "PRESSURE_HPA": (Why("기압", "pressure"), Why(" hPa", " hPa")),
    "SOUND_LAEQ_DBA": (Why("평균 소음(Leq)", "noise (Leq)"), Why(" dB(A)", " dB(A)")),
    "SOUND_LAF_DBA": (Why("최고 소음", "loudest"), Why(" dB(A)", " dB(A)")),
}
_ADVICE: Mapping[str, Why] = {
    "TEMPERATURE_C": Why(
        "그늘에서 쉬고 물을 자주 드세요.", "Please rest in the shade and drink water often."
    ),
    "PM10_UG_M3": Why(
        "바깥 활동을 줄이고 마스크를 써 주세요.",
        "Please spend less time outdoors, and wear a mask.",
    ),
    "PM2_5_UG_M3": Why(
        "바깥 활동을 줄이고 마스크를 써 주세요.",
        "Please spend less time outdoors, and wear a mask.",
    ),
    "VOC_INDEX": Why(
        "냄새나 연기가 나는 곳이 없는지 살펴봐 주세요.",
        "Please look for what smells or smokes.",
    ),
    "SOUND_LAEQ_DBA": Why("소음이 나는 곳을 살펴봐 주세요.", "Please look for what is so loud."),
}


def hour(since: str | None, measured: Iterable[tuple[str, float]]) -> Why:
    """What an hour was, that began at the time of day `since`."""
    found = list(measured)
    ko = ", ".join(f"{_NAMES[q][0].ko} {value:.0f}{_NAMES[q][1].ko}" for q, value in found)
    en = ", ".join(f"{_NAMES[q][0].en} {value:.0f}{_NAMES[q][1].en}" for q, value in found)
    at = Why("지난 한 시간", "The last hour")
    if since is not None:
        at = Why(f"{since}부터 한 시간", f"The hour from {since}")
    return Why(f"{at.ko}: {ko}.", f"{at.en}: {en}.")


def over_limit(quantity: str, level: float, limit: float, hours: int) -> Why:
    """An hourly mean that has been at or over its limit for so many hours."""
    name, unit = _NAMES[quantity]
    told = Why(
        f"지난 한 시간 {name.ko} 값은 {level:.0f}{unit.ko}, 기준 {limit:g}{unit.ko} 이상입니다.",
        f"Last hour's {name.en} was {level:.0f}{unit.en}, at or above {limit:g}{unit.en}.",
    )
    if hours > 1:
        told = Why(
            f"{name.ko}의 한 시간 값이 {hours}시간째 기준 {limit:g}{unit.ko} 이상입니다"
            f"(지금 {level:.0f}{unit.ko}).",
            f"The hourly {name.en} has been at or above {limit:g}{unit.en} for {hours} h"
            f" (now {level:.0f}{unit.en}).",
        )
    return joined(told, _ADVICE.get(quantity))


def within_limit(quantity: str, level: float) -> Why:
    """An hourly mean that is well below its limit again."""
    name, unit = _NAMES[quantity]
    return Why(
        f"{name.ko}의 한 시간 값이 {level:.0f}{unit.ko}까지 내려왔습니다.",
        f"The hourly {name.en} is down to {level:.0f}{unit.en}.",
    )
