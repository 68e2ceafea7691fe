"""What people call each light and each fault of a sensor, and what to do about it."""

from dataclasses import dataclass

from agent import signals
from agent.signals import Signal
from agent.values import FailureKind


@dataclass(frozen=True, slots=True)
class Words:
    """A name, what it means and what to do; `short` is for the card."""

    ko: str
    en: str
    means_ko: str
    means_en: str
    short_ko: str = ""
    short_en: str = ""


# every light of agent.showings, gravest first
LIGHTS: dict[Signal, Words] = {
    signals.FLASH: Words(
        "빠르게 깜박임",
        "fast flashing",
        "경보입니다. 불이나 일산화탄소면 사이렌도 웁니다. 모두 밖으로 나가고 119. "
        "넘어짐을 묻는 중이면 단추를 눌러 대답합니다.",
        "An alarm; in a fire or with carbon monoxide the siren sounds, too: everybody out, call "
        "119. If it asks after a fall, press the button to answer.",
        "경보! 나가서 119",
        "get out, call 119",
    ),
    signals.STEADY: Words(
        "계속 켜짐",
        "steady light",
        "도움 요청이나 다른 경보를 받았습니다. 사람이 올 때까지 켜져 있습니다.",
        "A call for help or another alarm was taken; it stays on until somebody comes.",
        "기기가 도움을 부르는 중",
        "it calls for help",
    ),
    signals.HELP_COMING: Words(
        "길게 켜지고 잠깐 꺼짐",
        "long on, short off",
        "상황실이 답했습니다. 도움이 오고 있습니다.",
        "The control room has answered: help is on its way.",
        "도움이 와요",
        "help is coming",
    ),
    signals.SLOW_FLASH: Words(
        "천천히 깜박임",
        "slow flashing",
        "이상한 조짐입니다. 불이 아닌지 둘러보고, 기기가 말로 물으면 대답하거나 움직입니다.",
        "A first sign: look round for a fire; if it speaks, answer or move.",
        "이상 징후: 살피세요",
        "look round",
    ),
    signals.FIND_ME: Words(
        "두 번씩 깜박임",
        "double flashes",
        '설정 화면이나 상황실에서 "이 기기의 불을 깜박이기"를 눌렀습니다. 30초 뒤 멈춥니다.',
        "Somebody asked at the setup page or the console which device this is; for 30 s.",
        "화면에서 찾은 기기예요",
        "asked for",
    ),
    signals.INSPECTION: Words(
        "세 번씩 깜박임",
        "triple flashes",
        "센서를 시험하는 중입니다. 하던 시험을 마치면 꺼집니다.",
        "A sensor is being tried; it ends with the trial.",
        "센서를 시험하는 중",
        "sensor test",
    ),
    signals.WINK: Words(
        "30초에 한 번 반짝",
        "a wink every 30 s",
        "고장입니다. 단추를 5초 눌러 설정 화면을 열고 까닭을 봅니다.",
        "A fault. Hold the button for 5 s, open the setup page and see why.",
        "고장: 사무실에 전화",
        "call office",
    ),
    signals.SILENT: Words(
        "꺼짐",
        "dark",
        "조용합니다. 전원이 나간 것과 같아 보이니, 단추를 짧게 눌러 소리와 불빛을 확인합니다.",
        "All is quiet. A device without power looks the same: press the button shortly and see.",
        "평소. 전원이 없어도 꺼져요: 소리 멈춤 단추를 짧게 눌러 소리가 나는지 보세요",
        "usual, or no power: the button that hushes must sound",
    ),
}

FAULTS: dict[FailureKind, Words] = {
    FailureKind.NO_ANSWER: Words(
        "답이 없음",
        "no answer",
        "전원을 뽑고 그 센서의 선과 핀 번호를 배선 그림과 맞춘 뒤 다시 켭니다.",
        "Unplug, hold its wires and pins against the wiring picture, and switch on again.",
    ),
    FailureKind.WRONG_DEVICE: Words(
        "다른 부품이 답함",
        "another part answers",
        "부품의 이름을 부품 목록과 견줍니다. 같은 버스에 주소가 같은 부품이 있는지 봅니다.",
        "Compare the part with the parts list; look for a second part at the same address.",
    ),
    FailureKind.CORRUPTED: Words(
        "값이 깨져서 옴",
        "spoilt values",
        "선을 짧게 하고 전원선에서 떼어 놓습니다. 저항이 들어 있는지 봅니다.",
        "Shorten the wires, keep them away from mains, and see that the resistors are in.",
    ),
    FailureKind.DISCONNECTED: Words(
        "선이 끊어짐",
        "a cut or shorted wire",
        "그 센서의 선을 하나씩 당겨 봅니다. 끊어진 선을 바꿉니다.",
        "Pull each of its wires gently; replace the one that is cut.",
    ),
    FailureKind.NOT_READY: Words(
        "준비하는 중",
        "not ready",
        "기다립니다. 가스 센서는 켠 지 하루 뒤 맑은 공기에서 기준값을 재야 합니다.",
        "Wait. A gas cell wants a day of heating, then its value in clean air.",
    ),
    FailureKind.MUTED: Words(
        "꺼 둠",
        "switched off by hand",
        "사시는 분이 끈 것입니다. 여쭙고, 원하실 때만 켭니다.",
        "A resident has switched it off: ask, and switch it on only if they wish.",
    ),
    FailureKind.UNUSABLE: Words(
        "쓸 수 없는 답",
        "an unusable answer",
        "전원을 껐다 켭니다. 또 그러면 부품을 바꿉니다.",
        "Switch off and on. If it is so again, replace the part.",
    ),
}


def strip(light: Signal, seconds: float = 4.0) -> str:
    """A light over so many seconds, as a little picture: dark is empty, light is filled."""
    marks, at = [], 0.0
    while at < seconds:
        is_on, left_s = light(at)
        if is_on:
            width = min(left_s, seconds - at) * 100 / seconds
            marks.append(f'<rect x="{at * 100 / seconds:.1f}" width="{width:.1f}" height="10"/>')
        at += left_s
    frame = '<rect width="100" height="10" fill="#fff" stroke="#555" stroke-width=".6"/>'
    bars = f'<g fill="#b45309">{"".join(marks)}</g>'
    look = 'viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"'
    return f"<svg {look}>{frame}{bars}</svg>"
