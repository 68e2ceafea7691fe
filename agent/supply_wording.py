"""What people read when the supply fails."""

from agent.values import Why


def lost(sensor: str) -> Why:
    """The mains are gone: these may be the last words."""
    return Why(
        ko=f"전기가 끊겼습니다({sensor}). 이 기기는 남은 전기로만 움직이며 곧 꺼질 수 있습니다.",
        en=f"The supply is gone ({sensor}). This device runs on what is left and may go out soon.",
    )


def back(sensor: str) -> Why:
    """The mains are back."""
    return Why(ko=f"전기가 다시 들어왔습니다({sensor}).", en=f"The supply is back ({sensor}).")


def low(sensor: str, volts: float, least_v: float) -> Why:
    """The supply sags."""
    return Why(
        ko=f"전원 전압이 낮습니다({sensor}: {volts:.1f} V, {least_v:g} V 미만). 배선과 어댑터를 "
        "확인하십시오.",
        en=f"The supply is low ({sensor}: {volts:.1f} V, below {least_v:g} V). Check wiring and "
        "adapter.",
    )


def weak(sensor: str) -> Why:
    """The board's own monitor sees too little voltage again and again."""
    return Why(
        ko=f"기기에 들어오는 전압이 자꾸 떨어집니다({sensor}). 어댑터나 전선이 나쁘거나, 같은 "
        "전선에 물린 기구가 많을 수 있습니다.",
        en=f"The voltage at this device drops again and again ({sensor}). The adapter or the cable "
        "may be bad, or too much hangs on the same line.",
    )


def battery(sensor: str, volts: float, least_v: float) -> Why:
    """The battery runs down."""
    return Why(
        ko=f"배터리가 거의 다 되었습니다({sensor}: {volts:.2f} V, {least_v:g} V 미만).",
        en=f"The battery is running down ({sensor}: {volts:.2f} V, below {least_v:g} V).",
    )


def well(sensor: str) -> Why:
    """What was low is as it should be."""
    return Why(
        ko=f"전원 전압이 정상으로 돌아왔습니다({sensor}).",
        en=f"The voltage is as it should be again ({sensor}).",
    )
