"""The sentences of public places: reports, zones, bays, fields, and cameras that stand by."""

from collections.abc import Sequence

from agent.care_wording import lasting
from agent.values import Why


def reported(label: Why, button: str) -> Why:
    """Somebody pressed a labelled button."""
    return Why(
        f"신고 버튼 '{label.ko}'({button})이 눌렸습니다.",
        f"The report button “{label.en}” ({button}) was pressed.",
    )


def reported_again(presses: int) -> Why:
    """It had been pressed before without a word to the hub; `presses` in all."""
    return Why(f"모두 {presses}번 눌렸습니다.", f"It was pressed {presses} times.")


def report_over(label: Why, open_s: float) -> Why:
    """A report grew old."""
    span = lasting(open_s)
    return Why(
        f"'{label.ko}' 신고가 있은 지 {span.ko} 지났습니다.",
        f"The report “{label.en}” is {span.en} old.",
    )


def out_of_zone(tag: str, for_s: float) -> Why:
    """A tag is not heard in its zone, or too weakly."""
    span = lasting(for_s)
    return Why(
        f"태그({tag})가 {span.ko} 동안 구역 안에서 잡히지 않습니다.",
        f"The tag ({tag}) has been out of its zone for {span.en}.",
    )


def by_door(door: str) -> Why:
    """A door was open as the tag left."""
    return Why(f"그때 문({door})이 열렸습니다.", f"A door ({door}) was opened then.")


def look_for_them() -> Why:
    """Ask who is on site to look."""
    return Why("바로 찾아봐 주세요.", "Please look for them at once.")


def back_in_zone(tag: str) -> Why:
    """The tag is in its zone again."""
    return Why(f"태그({tag})가 다시 구역 안에 있습니다.", f"The tag ({tag}) is back in its zone.")


def escorted(by: str) -> Why:
    """Somebody said by a button that they go out along."""
    return Why(
        f"함께 나간다고 버튼({by})을 눌렀습니다.",
        f"A button ({by}) says that somebody goes along.",
    )


def standing_by(cameras: Sequence[str]) -> Why:
    """Which of the hub's cameras look at the place; no picture comes from the device."""
    names = ", ".join(cameras)
    return Why(
        f"관제센터 카메라 {names}로 이곳을 볼 수 있습니다.",
        f"The hub's camera {names} looks at this place."
        if len(cameras) == 1
        else f"The hub's cameras {names} look at this place.",
    )


def bay_warning() -> Why:
    """Speak to who parked in a bay that is kept for disabled people."""
    return Why(
        "장애인 전용 주차구역입니다. 주차 표지가 없으면 차를 옮겨 주세요.",
        "This bay is kept for disabled people. Without a permit, please move your car.",
    )


def bay_taken(for_s: float) -> Why:
    """A car has stood there for so long, and no permit was heard."""
    span = lasting(for_s)
    return Why(
        f"장애인 전용 주차구역에 차가 {span.ko} 동안 서 있고, 주차 표지 태그가 잡히지 않습니다."
        " 태그가 고장 났을 수 있으니 표지를 눈으로 확인해 주세요.",
        f"A car has stood in the bay for disabled people for {span.en}, and no permit's tag is"
        " heard. The tag may be broken: please look at the windscreen.",
    )


def bay_free() -> Why:
    """It drove away."""
    return Why("차가 나갔습니다.", "The car is gone.")


def permit_heard() -> Why:
    """A permit is heard after all."""
    return Why("주차 표지 태그를 확인했습니다.", "A permit's tag is heard.")


def something_at_edge(sensors: Sequence[str], for_s: float) -> Why:
    """Something moves at the edge of a field; no camera counted a body."""
    names = ", ".join(sensors)
    since = Why("", "") if for_s < 30 else lasting(for_s)
    still = Why(f"{since.ko} 동안 ", f" for {since.en}") if since.ko else since
    return Why(
        f"밭 가장자리에서 {still.ko}움직임이 있습니다({names}). 동물이거나 다른 것일 수 있습니다."
        " 사람인지는 확인되지 않았습니다.",
        f"Something moves at the edge of the field{still.en} ({names}): an animal or something"
        " else. No person has been made out.",
    )


def person_at_edge(sensors: Sequence[str]) -> Why:
    """A camera counts somebody at the edge of a field."""
    names = ", ".join(sensors)
    return Why(
        f"밭 가장자리에 사람으로 보이는 모습이 있습니다({names}).",
        f"What looks like a person is at the edge of the field ({names}).",
    )


def nothing_moves() -> Why:
    """Nothing moves any more, or the night is over."""
    return Why("더는 움직임이 없습니다.", "Nothing moves any more.")


def switched_off(by: str) -> Why:
    """Somebody switched it off by hand for this night."""
    return Why(
        f"버튼({by})으로 오늘 밤 감시를 껐습니다.",
        f"Switched off for this night by the button ({by}).",
    )
