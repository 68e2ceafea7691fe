"""The sentences of care: presence, inactivity, wandering, intrusion, climate, air."""

from collections.abc import Iterable

from agent.values import Why


def joined(*phrases: Why | None) -> Why:
    """Put whole sentences one after the other; None is left out."""
    found = [each for each in phrases if each is not None]
    return Why(" ".join(each.ko for each in found), " ".join(each.en for each in found))


def listed(phrases: Iterable[Why]) -> Why:
    """Put what each sensor says into one sentence."""
    found = list(phrases)
    if not found:
        return Why("사람을 살피는 센서가 없습니다.", "No sensor looks for people.")
    ko, en = "; ".join(each.ko for each in found), "; ".join(each.en for each in found)
    return Why(f"{ko}.", f"{en}.")


def lasting(seconds: float) -> Why:
    """Write a length of time in minutes, or from two hours on in hours."""
    if seconds < 120:
        return Why(f"{seconds:.0f}초", f"{seconds:.0f} s")
    if seconds < 7200:
        return Why(f"{seconds / 60:.0f}분", f"{seconds / 60:.0f} min")
    return Why(f"{seconds / 3600:.1f}시간", f"{seconds / 3600:.1f} h")


def says_nothing(sensor: str) -> Why:
    """The sensor cannot be asked now."""
    return Why(f"{sensor}: 응답 없음", f"{sensor}: not heard")


def door_stands(sensor: str, *, is_open: bool) -> Why:
    """How a door or shutter stands."""
    if is_open:
        return Why(f"{sensor}: 열림", f"{sensor}: open")
    return Why(f"{sensor}: 닫힘", f"{sensor}: shut")


def says_somebody(sensor: str, ago_s: float | None) -> Why:
    """When the sensor last said that somebody is there; None: never."""
    if ago_s is None:
        return Why(f"{sensor}: 사람 없음", f"{sensor}: nobody yet")
    if ago_s < 5:
        return Why(f"{sensor}: 사람 있음", f"{sensor}: somebody now")
    ago = lasting(ago_s)
    return Why(f"{sensor}: {ago.ko} 전 사람", f"{sensor}: somebody {ago.en} ago")


def quiet(quiet_s: float, since: str | None, usual: str | None) -> Why:
    """Nothing has moved for `quiet_s`, `since` a time of day; usually something has by `usual`."""
    span = lasting(quiet_s)
    if since is None:
        return Why(
            f"{span.ko} 동안 뚜렷한 움직임이 없습니다.",
            f"No sure sign of life for {span.en}.",
        )
    if usual is None:
        return Why(
            f"{since}부터 {span.ko} 동안 뚜렷한 움직임이 없습니다.",
            f"No sure sign of life since {since}, for {span.en}.",
        )
    return Why(
        f"보통 {usual}까지는 움직임이 있는데 오늘은 {since}부터 {span.ko} 동안 뚜렷한 움직임이"
        " 없습니다.",
        f"Usually something moves by {usual}; today nothing sure since {since}, for {span.en}.",
    )


def by_fixed_limit(limit_s: float, reason: str) -> Why:
    """The personal rhythm is not used, for a reason, so a fixed limit holds."""
    limit, because = lasting(limit_s), _NO_RHYTHM[reason]
    return Why(
        f"{because.ko} 고정 기준 {limit.ko}을 적용합니다.",
        f"{because.en}, so the fixed limit of {limit.en} holds.",
    )


_NO_RHYTHM = {
    "learning": Why("생활 리듬을 아직 배우는 중이어서", "The daily rhythm is still being learned"),
    "clock": Why("시각을 알 수 없어", "The time of day is not known"),
    "sensors": Why("일부 센서가 보이지 않아", "Not every motion sensor can be seen"),
    "bound": Why("누구에게나 적용되는 한도로", "This is the bound for everybody"),
}


def ask() -> Why:
    """Ask who is there to give a sign."""
    return Why(
        "괜찮으시면 움직이거나 버튼을 눌러 주세요.",
        "If all is well, please move or press the button.",
    )


def go_and_look() -> Why:
    """Ask who is told to go there."""
    return Why("찾아가서 확인해 주세요.", "Please go and see.")


def not_back(away_s: float, since: str | None, usual_s: float | None) -> Why:
    """Gone for `away_s`; absences are usually over within `usual_s`."""
    span = lasting(away_s)
    at = Why("", "") if since is None else Why(f"{since}에 ", f" at {since}")
    found = Why(
        f"{at.ko}나간 뒤 {span.ko} 동안 돌아오지 않았습니다.",
        f"Left{at.en} and is not back for {span.en}.",
    )
    if usual_s is None:
        return found
    usual = lasting(usual_s)
    return joined(
        found, Why(f"보통 {usual.ko} 안에 돌아옵니다.", f"Usually back within {usual.en}.")
    )


def alive(sensor: str) -> Why:
    """There is a sign of life again."""
    return Why(f"다시 움직임이 있습니다({sensor}).", f"There is movement again ({sensor}).")


def away() -> Why:
    """The hub, or somebody by hand, says that nobody is at home."""
    return Why("외출로 설정되었습니다.", "Set to away.")


def at_home() -> Why:
    """The hub says that somebody is at home and well."""
    return Why("센터에서 집에 있음을 확인했습니다.", "The hub says: at home.")


def clock_unknown() -> Why:
    """No time of day, so what depends on it is not watched."""
    return Why(
        "시각을 알 수 없어 시간대에 따른 감시를 하지 못합니다. 네트워크를 확인하세요.",
        "The time of day is not known, so what depends on it is not watched. Check the network.",
    )


def clock_known() -> Why:
    """The time of day is known again."""
    return Why("시각을 다시 알 수 있습니다.", "The time of day is known again.")


def night_door(door: str, clock: str | None, *, bed: bool) -> Why:
    """A door was opened at night while the bed is empty."""
    at = Why("", "") if clock is None else Why(f"{clock}에 ", f" at {clock}")
    empty = Why("침대가 비었고 ", " while the bed is empty") if bed else Why("", "")
    return Why(
        f"{at.ko}{empty.ko}문({door})이 열렸습니다.",
        f"The door ({door}) was opened{at.en}{empty.en}.",
    )


def stay_in() -> Why:
    """Speak to who is about to leave."""
    return Why("밤입니다. 집 안에 계세요.", "It is night. Please stay inside.")


def gone_out(for_s: float) -> Why:
    """Nobody has come back since the door was opened."""
    span = lasting(for_s)
    return Why(f"{span.ko} 동안 돌아오지 않았습니다.", f"Nobody has come back for {span.en}.")


def tag_gone(tag: str, for_s: float) -> Why:
    """A tag is out of reach."""
    span = lasting(for_s)
    return Why(
        f"태그({tag})가 {span.ko} 동안 잡히지 않습니다.",
        f"The tag ({tag}) has not been heard for {span.en}.",
    )


def perhaps_flat() -> Why:
    """What else a lost tag may be."""
    return Why("배터리가 다 되었을 수도 있습니다.", "Its battery may be flat.")


def back_again() -> Why:
    """Who had gone is back."""
    return Why("다시 안에 있습니다.", "Back inside.")


def opened_after_closing(door: str, clock: str) -> Why:
    """A door or shutter was opened after closing time."""
    return Why(
        f"문 닫은 시간({clock})에 문({door})이 열렸습니다.",
        f"After closing time, at {clock}, the door ({door}) was opened.",
    )


def after_closing(sensor: str, clock: str) -> Why:
    """Somebody is there after closing time."""
    return Why(
        f"문 닫은 시간({clock})에 {sensor} 센서가 사람을 알렸습니다.",
        f"After closing time, at {clock}, {sensor} tells of somebody.",
    )


def quiet_again() -> Why:
    """Nobody is seen any more, or it is open again."""
    return Why("더는 사람이 보이지 않습니다.", "Nobody is seen any more.")


def disarmed(by: str) -> Why:
    """Somebody switched it off by hand."""
    return Why(f"{by}(으)로 해제되었습니다.", f"Switched off by {by}.")


def heat(felt_c: float, air_c: float, for_s: float) -> Why:
    """Felt temperature that lasted."""
    span = lasting(for_s)
    return Why(
        f"방의 체감온도 {felt_c:.1f} °C(기온 {air_c:.1f} °C)가 {span.ko} 동안 이어졌습니다.",
        f"It has felt like {felt_c:.1f} °C in the room (air {air_c:.1f} °C) for {span.en}.",
    )


def cold(air_c: float, for_s: float) -> Why:
    """A cold room that lasted."""
    span = lasting(for_s)
    return Why(
        f"방이 {span.ko} 동안 {air_c:.1f} °C로 춥습니다.",
        f"The room has been cold, {air_c:.1f} °C, for {span.en}.",
    )


def humidity_assumed(humidity_pct: float) -> Why:
    """The felt temperature was computed without a measured humidity."""
    return Why(
        f"습도를 알 수 없어 {humidity_pct:.0f} %로 보고 계산했습니다.",
        f"The humidity is not known; {humidity_pct:.0f} % was assumed.",
    )


CLIMATE_ADVICE = {
    "heat": Why("물을 마시고 시원한 곳으로 가세요.", "Drink water and go where it is cool."),
    "cold": Why("방을 따뜻하게 하고 옷을 껴입으세요.", "Please heat the room and dress warmly."),
}


def climate_over() -> Why:
    """The room is bearable again."""
    return Why("방 온도가 다시 괜찮습니다.", "The room is bearable again.")


def air(what: str, mean: float, limit: float, hours: float) -> Why:
    """A mean over hours that is over its limit."""
    name, unit, advice = _AIR[what]
    by, over = _PARTICLES[unit]
    told = Why(
        f"{hours:g}시간 평균 {name.ko} {_figure(mean)} {unit}{by} 기준 {limit:g} {unit}{over}"
        " 넘었습니다.",
        f"The {hours:g} h mean of {name.en} is {_figure(mean)} {unit}, over the limit of"
        f" {limit:g} {unit}.",
    )
    return joined(told, advice)


def air_over(what: str, mean: float) -> Why:
    """A mean over hours that is below its limit again."""
    name, unit, _ = _AIR[what]
    return Why(
        f"{name.ko} 평균이 {_figure(mean)} {unit}{_PARTICLES[unit][0]} 내려왔습니다.",
        f"The mean of {name.en} is down to {_figure(mean)} {unit}.",
    )


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


_PARTICLES = {"ppm": ("으로", "을"), "µg/m³": ("로", "를")}  # as the units are read aloud
_FILTER = Why(
    "공기청정기를 켜고, 바깥 공기가 좋을 때만 환기해 주세요.",
    "Please switch an air cleaner on, and air the room only when the air outside is good.",
)
_AIR = {
    "PM10_UG_M3": (Why("미세먼지(PM10)", "PM10"), "µg/m³", _FILTER),
    "PM2_5_UG_M3": (Why("초미세먼지(PM2.5)", "PM2.5"), "µg/m³", _FILTER),
    "CO2_PPM": (
        Why("이산화탄소", "CO2"),
        "ppm",
        Why("창문을 열어 환기해 주세요.", "Please open the windows."),
    ),
    "CO_PPM": (
        Why("일산화탄소", "CO"),
        "ppm",
        Why(
            "불을 쓰는 난방기와 조리기를 끄고 창문을 열어 주세요.",
            "Please switch off heaters and stoves that burn, and open the windows.",
        ),
    ),
}


def shaken(sensor: str) -> Why:
    """Somebody shook the device to call for help."""
    return Why(
        f"기기({sensor})를 흔들어 도움을 요청했습니다.",
        f"Help was called for by shaking ({sensor}).",
    )


def call_over(source: str, open_s: float) -> Why:
    """A call for help grew old; nobody took it back."""
    span = lasting(open_s)
    return Why(
        f"도움 요청({source})이 있은 지 {span.ko} 지났습니다."
        " 아직 도움이 필요하시면 다시 요청해 주세요.",
        f"The call for help ({source}) is {span.en} old. If help is still needed, please call"
        " again.",
    )


def mistaken(button: str) -> Why:
    """Who sets the device up said that the call was none."""
    return Why(
        f"설치하는 사람이 버튼({button})을 실수로 눌렀다고 했습니다. 전화로 확인해 주세요.",
        f"Who sets the device up said that {button} was pressed by mistake. "
        "Please ring to make sure.",
    )


def cancelled(button: str) -> Why:
    """Who had called took it back, by a long press."""
    return Why(
        f"버튼({button})을 길게 눌러 도움 요청을 취소했습니다. 전화로 확인해 주세요.",
        f"The call was taken back by a long press ({button}). Please ring to make sure.",
    )
