"""The sentences of what towns watch: water, bins, structures, gas, and the hours of a street."""

from agent.care_wording import joined, lasting
from agent.values import Why

__all__ = ["joined"]


def burst(l_min: float, held_s: float) -> Why:
    """Litres a minute that lasted `held_s` seconds."""
    span = lasting(held_s)
    return Why(
        f"물이 {span.ko} 동안 1분에 {l_min:.0f} L씩 흐릅니다: 관이 터졌을 수 있습니다.",
        f"Water has run at {l_min:.0f} L a minute for {span.en}: a pipe may have burst.",
    )


def shut_the_valve() -> Why:
    """What to do about a burst."""
    return Why("수도 밸브를 잠가 주세요.", "Please shut the stop valve.")


def leak(lasted_s: float, litres: float, since: str | None) -> Why:
    """Flow without a pause for `lasted_s` seconds, `since` a time of day, and what it came to."""
    span = lasting(lasted_s)
    at = Why("", "") if since is None else Why(f"{since}부터 ", f" since {since},")
    return Why(
        f"물이 {at.ko}{span.ko} 동안 한 번도 멈추지 않았습니다({litres:.0f} L): 새는 곳이 있을 수"
        " 있습니다.",
        f"Water has not stopped once{at.en} for {span.en} ({litres:.0f} L): something may leak.",
    )


def look_for_the_leak() -> Why:
    """What to do about a leak; in frost taps are left running on purpose."""
    return Why(
        "변기와 수도꼭지를 살펴봐 주세요. 얼지 않게 틀어 둔 물이면 괜찮습니다.",
        "Please look at toilets and taps. Water left running against frost is no leak.",
    )


def flow_normal() -> Why:
    """A burst is over."""
    return Why("물이 더는 세게 흐르지 않습니다.", "The water no longer runs that fast.")


def flow_paused() -> Why:
    """A leak is over."""
    return Why("물이 다시 멈췄습니다.", "The water has stood still again.")


def unused(unused_s: float, since: str | None) -> Why:
    """No water was used for `unused_s` seconds, the last at the time of day `since`."""
    span = lasting(unused_s)
    if since is None:
        return Why(
            f"{span.ko} 동안 물을 쓰지 않았습니다.", f"No water has been used for {span.en}."
        )
    return Why(
        f"마지막으로 물을 쓴 {since} 뒤로 {span.ko} 동안 물을 쓰지 않았습니다.",
        f"No water has been used for {span.en}, the last at {since}.",
    )


def ring_up() -> Why:
    """What to do first where no water is used."""
    return Why("전화로 안부를 물어 주세요.", "Please ring up and ask how they are.")


def water_used() -> Why:
    """Somebody uses water again."""
    return Why("다시 물을 썼습니다.", "Water is used again.")


def flood(sensor: str) -> Why:
    """There is water where it must be dry."""
    return Why(f"물이 찼습니다({sensor}).", f"There is water where it must be dry ({sensor}).")


def mind_the_mains() -> Why:
    """What to do about water on the floor."""
    return Why(
        "전기를 끄기 전에는 물에 들어가지 마세요.",
        "Keep out of the water until the electricity is off.",
    )


def dry_again(sensor: str) -> Why:
    """The water has gone."""
    return Why(f"물이 빠졌습니다({sensor}).", f"It is dry again ({sensor}).")


def full(pct: float) -> Why:
    """How full a bin is, in %."""
    if pct >= 100:
        return Why(
            "통이 꽉 찼거나 센서 앞이 막혔습니다.",
            "The bin is full, or something lies before its sensor.",
        )
    return Why(f"통이 {pct:.0f} % 찼습니다.", f"The bin is {pct:.0f} % full.")


def empty_soon() -> Why:
    """What to do about a bin that fills."""
    return Why("곧 비워 주세요.", "Please empty it soon.")


def empty_now() -> Why:
    """What to do about a full bin."""
    return Why("지금 비워 주세요.", "Please empty it now.")


def emptied(pct: float) -> Why:
    """A bin was emptied."""
    return Why(f"통을 비웠습니다({pct:.0f} %).", f"The bin was emptied ({pct:.0f} %).")


def leans(sensor: str, deg: float, held_s: float) -> Why:
    """Degrees from how it was mounted, for `held_s` seconds."""
    span = lasting(held_s)
    return Why(
        f"설치했을 때보다 {deg:.1f}° 기운 채로 {span.ko} 지났습니다({sensor}).",
        f"It has leant {deg:.1f}° from how it was mounted for {span.en} ({sensor}).",
    )


def shakes(sensor: str, m_s2: float, held_s: float) -> Why:
    """Acceleration in m/s², RMS, for `held_s` seconds."""
    span = lasting(held_s)
    return Why(
        f"{m_s2:.1f} m/s²로 {span.ko} 동안 흔들렸습니다({sensor}).",
        f"It has shaken at {m_s2:.1f} m/s² for {span.en} ({sensor}).",
    )


def have_it_looked_at() -> Why:
    """What to do about something that moves."""
    return Why("점검해 주세요.", "Please have it looked at.")


def keep_away() -> Why:
    """What to do about something that may come down."""
    return Why(
        "가까이 가지 말고 시설 담당자에게 알려 주세요.",
        "Keep away from it and tell whoever looks after it.",
    )


def still_again(sensor: str) -> Why:
    """It stands as it was mounted, and does not shake."""
    return Why(f"다시 그대로입니다({sensor}).", f"It stands as it did, and still ({sensor}).")


def gas_prealarm() -> Why:
    """What to do about a little gas."""
    return Why(
        "가스가 새는 곳이 없는지 살피고 창문을 열어 주세요.",
        "Please look for a gas leak and open the windows.",
    )


def gas_alarm() -> Why:
    """What to do about gas."""
    return Why(
        "가스가 새고 있을 수 있습니다. 전기 스위치를 만지지 말고 밖으로 나가세요.",
        "Gas may be leaking. Touch no electric switch, and go outside.",
    )


def gas_gone() -> Why:
    """The cell is nearly as in clean air."""
    return Why(
        "가스 센서가 다시 깨끗한 공기에 가깝습니다. 원인을 찾아 고쳐 주세요.",
        "The gas sensor is close to clean air again. Please have the cause found and mended.",
    )
