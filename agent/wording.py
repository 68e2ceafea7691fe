"""The sentences for people on site, in plain polite Korean and in English."""

from collections.abc import Iterable, Mapping

from agent.values import FailureKind, Why
from drivers.view import View

_ADVICE = {
    "fire_alarm": Why(
        "불이 났을 수 있습니다. 밖으로 나가세요.", "There may be a fire. Go outside now."
    ),
    "fire_prealarm": Why(
        "불이 나는 곳이 없는지 확인하세요.", "Please check that nothing is burning."
    ),
    "fire_over": Why("다시 들어가기 전에 살펴보세요.", "Please look around before going back in."),
    "co_alarm": Why(
        "위험합니다. 창문을 열고 밖으로 나가세요.",
        "This is dangerous. Open windows and go outside.",
    ),
    "co_prealarm": Why("창문을 열어 주세요.", "Please open the windows."),
    "co_over": Why("원인을 찾아 고쳐 주세요.", "Please have the cause found and mended."),
}


def join(phrases: Iterable[Why], advice: str) -> Why:
    """Put evidence and advice together.

    Args:
        phrases: What was seen, a whole sentence each.
        advice: Which advice follows, for example `fire_alarm`.
    """
    return together([*phrases, _ADVICE[advice]])


def together(phrases: Iterable[Why]) -> Why:
    """Put whole sentences one after the other."""
    found = list(phrases)
    return Why(" ".join(each.ko for each in found), " ".join(each.en for each in found))


def fixed_heat(level_c: float, _held_s: float) -> Why:
    """Air temperature in °C."""
    return Why(f"온도가 {level_c:.1f} °C입니다.", f"The temperature is {level_c:.1f} °C.")


def heat_rise(level_c: float, _held_s: float) -> Why:
    """Rise in °C above the mean of the last minutes."""
    return Why(
        f"온도가 최근 몇 분 평균보다 {level_c:.1f} °C 높아졌습니다.",
        f"The temperature has risen {level_c:.1f} °C above the last minutes' mean.",
    )


def heat_growth(level_c: float, _held_s: float) -> Why:
    """Rise in °C within 36 s, without slowing down."""
    return Why(
        f"온도가 36초 사이 {level_c:.1f} °C 올랐고 점점 빨라집니다.",
        f"The temperature has risen {level_c:.1f} °C within 36 s and does not slow down.",
    )


def onset(rise_c: float, rise_pct_per_m: float) -> Why:
    """Rises within half a minute, in °C and in %/m of smoke."""
    return Why(
        f"30초 사이 연기가 {rise_pct_per_m:.1f} %/m, 온도가 {rise_c:.1f} °C 함께 올랐습니다:"
        " 불꽃 화재가 의심됩니다.",
        f"Within half a minute smoke rose by {rise_pct_per_m:.1f} %/m and the temperature by"
        f" {rise_c:.1f} °C: flames are suspected.",
    )


def smouldering() -> Why:
    """Smoke or CO without heat."""
    return Why(
        "온도 변화는 없습니다: 훈소가 의심됩니다.",
        "The temperature has not changed: smouldering is suspected.",
    )


def smoke(level_pct_per_m: float, held_s: float) -> Why:
    """Obscuration in %/m that lasted `held_s` seconds."""
    return Why(
        f"연기 {level_pct_per_m:.1f} %/m가 {held_s:.0f}초 동안 이어졌습니다.",
        f"Smoke of {level_pct_per_m:.1f} %/m has lasted {held_s:.0f} s.",
    )


def smoke_relay(_level: float, _held_s: float) -> Why:
    """A certified alarm's contact closed."""
    return Why("연결된 연기 감지기가 울렸습니다.", "The wired smoke alarm has gone off.")


def particles(level_ug_m3: float, held_s: float) -> Why:
    """PM2.5 in µg/m³ that lasted `held_s` seconds."""
    return Why(
        f"초미세먼지 {level_ug_m3:.0f} µg/m³가 {held_s:.0f}초 동안 이어졌습니다.",
        f"Fine particles of {level_ug_m3:.0f} µg/m³ have lasted {held_s:.0f} s.",
    )


def co_level(level_ppm: float, held_s: float, rise_ppm: float = 0.0) -> Why:
    """CO in ppm that lasted `held_s` seconds; `rise_ppm` in the last five minutes."""
    if rise_ppm >= 5:
        return Why(
            f"일산화탄소가 5분간 {rise_ppm:.0f} ppm 올라 {level_ppm:.0f} ppm입니다.",
            f"Carbon monoxide rose by {rise_ppm:.0f} ppm in five minutes, to {level_ppm:.0f} ppm.",
        )
    return Why(
        f"일산화탄소 {level_ppm:.0f} ppm이 {held_s:.0f}초 동안 이어졌습니다.",
        f"Carbon monoxide of {level_ppm:.0f} ppm has lasted {held_s:.0f} s.",
    )


def gas(level: float, _held_s: float) -> Why:
    """R0/Rs of an MQ cell: 2 means that the resistance is half of that in clean air."""
    pct = 100 / level
    return Why(
        f"가스 센서 저항이 깨끗한 공기의 {pct:.0f} %로 떨어졌습니다.",
        f"The gas sensor's resistance has fallen to {pct:.0f} % of that in clean air.",
    )


def voc(level_ppb: float, held_s: float) -> Why:
    """TVOC in ppb that lasted `held_s` seconds."""
    return Why(
        f"휘발성 유기화합물 {level_ppb:.0f} ppb가 {held_s:.0f}초 동안 이어졌습니다.",
        f"Vapours of {level_ppb:.0f} ppb have lasted {held_s:.0f} s.",
    )


def flicker(level_hz: float, held_s: float) -> Why:
    """Flicker of light in Hz that lasted `held_s` seconds."""
    return Why(
        f"불꽃처럼 {level_hz:.0f} Hz로 깜박이는 빛이 {held_s:.0f}초 동안 보였습니다.",
        f"Light has flickered at {level_hz:.0f} Hz, as flames do, for {held_s:.0f} s.",
    )


def score(level: float, _held_s: float) -> Why:
    """A model's score from 0 to 1."""
    return Why(
        f"모델이 불과 닮았다고 봅니다({100 * level:.0f} %).",
        f"A model takes this for a fire ({100 * level:.0f} %).",
    )


def seen_fire(level: float, held_s: float, area_pct: float | None) -> Why:
    """A camera's score from 0 to 1 over `held_s` seconds; flames fill `area_pct` of the picture."""
    ko, en = ("", "") if area_pct is None else (f", 화면의 {area_pct:.1f} %", f"{area_pct:.1f} %")
    return Why(
        f"카메라에 {held_s:.0f}초 동안 불꽃 같은 것이 보입니다({100 * level:.0f} %{ko}).",
        f"For {held_s:.0f} s the camera has seen what looks like flames ({100 * level:.0f} %"
        + (f", {en} of its picture)." if en else ")."),
    )


def seen_smoke(level: float, held_s: float) -> Why:
    """A camera's score from 0 to 1 over `held_s` seconds."""
    return Why(
        f"카메라에 {held_s:.0f}초 동안 연기 같은 것이 보입니다({100 * level:.0f} %).",
        f"For {held_s:.0f} s the camera has seen what looks like smoke ({100 * level:.0f} %).",
    )


_PERHAPS: Mapping[str, Why] = {
    "steam": Why("수증기일 수 있습니다.", "It may be steam."),
    "cooking": Why("조리 연기일 수 있습니다.", "It may be cooking."),
    "smoking": Why("담배나 향 연기일 수 있습니다.", "It may be a cigarette or incense."),
    "spray": Why("스프레이나 세제일 수 있습니다.", "It may be a spray or a cleaning agent."),
    "picture": Why(
        "텔레비전 화면이나 조명일 수 있습니다.", "It may be a television, a lamp or the sun."
    ),
}


def perhaps(nuisance: str) -> Why:
    """What else it may be, by the name of the nuisance."""
    return _PERHAPS[nuisance]


def co_dose(cohb_pct: float, ppm: float) -> Why:
    """Dose as % COHb, and the air now in ppm."""
    return Why(
        f"일산화탄소 {ppm:.0f} ppm, 몸에 쌓이는 양 {cohb_pct:.1f} % COHb입니다.",
        f"Carbon monoxide is at {ppm:.0f} ppm, its dose at {cohb_pct:.1f} % COHb.",
    )


def normal_again() -> Why:
    """Every channel that took part is back below its limit."""
    return Why("모든 수치가 정상으로 돌아왔습니다.", "All readings are back to normal.")


def sos(button: str) -> Why:
    """Someone pressed the button."""
    return Why(
        f"도움 요청 버튼({button})이 눌렸습니다.",
        f"The call-for-help button ({button}) was pressed.",
    )


_FALLS: Mapping[str, Why] = {
    "seen_fall": Why(
        "넘어져서 일어나지 못하는 분이 카메라에 보입니다.",
        "The camera sees somebody who fell and stays down.",
    ),
    "lost_from_sight": Why(
        "갑자기 몸이 낮아진 분이 카메라에서 보이지 않습니다.",
        "Somebody dropped suddenly and is out of the camera's sight.",
    ),
    "still_down": Why(
        "대답은 했지만 아직 일어나지 않은 분이 있습니다.",
        "Somebody answered, but has not got up yet.",
    ),
}


def fall(rule: str) -> Why:
    """What was seen, by the name of the rule."""
    return _FALLS[rule]


def asking() -> Why:
    """The device asks on site before it tells anybody."""
    return Why("괜찮으신지 묻고 있습니다.", "They are being asked whether they are all right.")


def no_answer(ask_s: float) -> Why:
    """Nobody answered for `ask_s` seconds."""
    return Why(f"{ask_s:.0f}초 동안 대답이 없습니다.", f"There was no answer for {ask_s:.0f} s.")


def called_for_help() -> Why:
    """The button that calls for help was the answer."""
    return Why("도움 요청 버튼을 눌렀습니다.", "They pressed the button that calls for help.")


def go_and_look() -> Why:
    """Advice for who gets the alarm."""
    return Why("바로 가서 살펴 주세요.", "Please go and look at once.")


def pressed_all_right() -> Why:
    """A press answered."""
    return Why("괜찮다고 버튼을 눌렀습니다.", "A button was pressed: all is well.")


def got_up() -> Why:
    """Movement answered."""
    return Why("일어나서 움직이고 있습니다.", "They are up and about again.")


def spoke() -> Why:
    """A voice answered."""
    return Why("목소리로 대답했습니다.", "A voice answered.")


_FAULTS: Mapping[str, Why] = {
    FailureKind.NO_ANSWER: Why(
        "응답하지 않습니다. 전선을 확인하세요", "does not answer, check its wires"
    ),
    FailureKind.WRONG_DEVICE: Why(
        "다른 부품이 응답합니다. 배선을 확인하세요",
        "is answered for by another part, check the wiring",
    ),
    FailureKind.CORRUPTED: Why(
        "값이 깨져서 옵니다. 전선 길이와 전원을 확인하세요",
        "sends corrupted data, check cable length and supply",
    ),
    FailureKind.DISCONNECTED: Why("선이 끊어졌습니다", "is cut off or shorted"),
    FailureKind.NOT_READY: Why("아직 측정하지 못합니다", "does not get ready to measure"),
    FailureKind.UNUSABLE: Why("쓸 수 없는 값을 보냅니다", "gives unusable answers"),
    FailureKind.MUTED: Why("사람이 꺼 두었습니다", "was switched off by hand"),
    "range": Why("있을 수 없는 값을 보냅니다. 교체하세요", "reports impossible values, replace it"),
    "frozen": Why("값이 멈춰 있습니다. 교체하세요", "is stuck at one value, replace it"),
    "silent": Why("소식이 없습니다", "has fallen silent"),
    "error_density": Why("자주 실패합니다. 전선을 확인하세요", "fails too often, check its wires"),
}


def fault(sensor: str, rule: str, detail: str) -> Why:
    """A sensor can no longer be relied on; `detail` is for who mends it."""
    words = _FAULTS[rule]
    note = f" ({detail})" if detail else ""
    return Why(f"센서 {sensor}: {words.ko}.{note}", f"Sensor {sensor} {words.en}.{note}")


def fault_over(sensor: str) -> Why:
    """The sensor gives good readings again."""
    return Why(f"센서 {sensor}: 다시 정상입니다.", f"Sensor {sensor} works again.")


_VIEWS: Mapping[View, Why] = {
    View.COVERED: Why("가려져 있습니다. 앞을 비워 주세요", "is covered. Please clear its view"),
    View.BLURRED: Why("흐릿합니다. 렌즈를 닦아 주세요", "is blurred. Please wipe its lens"),
    View.MOVED: Why(
        "돌아가 있습니다. 제자리로 돌려 주세요", "looks elsewhere. Please turn it back"
    ),
}


def view_hindered(camera: str, view: View) -> Why:
    """A camera cannot see what it was put in to see."""
    words = _VIEWS[view]
    return Why(f"카메라({camera})가 {words.ko}.", f"The camera ({camera}) {words.en}.")


def view_clear(camera: str) -> Why:
    """It sees again."""
    return Why(f"카메라({camera})가 다시 잘 보입니다.", f"The camera ({camera}) sees well again.")


_RECORDS: Mapping[str, Why] = {
    "damaged": Why(
        "기기의 알림 기록 파일이 손상되어 따로 보관하고, 읽을 수 있는 기록은 새 파일로 옮겼습니다."
        " 저장 카드를 점검해 주세요.",
        "This device's file of events was damaged. It is set aside, and what could be read is"
        " carried over. Please have the memory card checked.",
    ),
    "missing": Why(
        "기기의 알림 기록 파일이 없어져 새로 만들었습니다."
        " 아직 보내지 못한 알림이 사라졌을 수 있습니다.",
        "This device's file of events is gone and was made anew. Events that were not delivered yet"
        " may be lost.",
    ),
}


def records(rule: str) -> Why:
    """The file of events could not be gone on with."""
    return _RECORDS[rule]
