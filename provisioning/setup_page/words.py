"""What each driver's part is called, how it is tried, and what its failures mean to people."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec

from agent.sections import Config
from agent.values import FailureKind, Why
from drivers.board import SensorConfig
from provisioning.book import book
from provisioning.setup_page.judges import Manner, Stimulus


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of `provisioning/stimuli.toml`."""

    label: Why
    prompt: Why
    counts: list[Stimulus]
    alarm: bool = False
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """How one configured sensor is tried."""

    label: Why
    prompt: Why
    stimulus: Stimulus
    alarm: bool


@cache
def parts() -> Mapping[str, Part]:
    """All of them, by driver."""
    text = (resources.files("provisioning") / "stimuli.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Part])


def driver_of(config: SensorConfig) -> str:
    """The word of its `driver` key."""
    return str(type(config).__struct_config__.tag)


def task_of(config: SensorConfig) -> Task:
    """How it is tried; of a driver that nobody wrote of, it is looked whether values come."""
    given = {str(each) for each in config.spans}
    part = parts().get(driver_of(config))
    if part is not None:
        for stimulus in part.counts:
            if stimulus.quantity in given:
                return Task(part.label, part.prompt, stimulus, part.alarm)
    stimulus = Stimulus(quantity=min(given), manner=Manner.ANSWERS)
    label = part.label if part is not None else Why(driver_of(config), driver_of(config))
    return Task(label, LOOKED_AT, stimulus, alarm=False)


def label_of(sensor: SensorConfig, config: Config) -> Why:
    """What it is called and where it is: as the wiring picture has it, and never by its key alone.

    A button is called by what it is for. Where nobody wrote what a sensor is for, its name tells
    it from others of its kind.
    """
    label, role = task_of(sensor).label, _role_of(sensor.name, config)
    if role is None:
        kinds = [driver_of(each) for each in config.sensors]
        if kinds.count(driver_of(sensor)) == 1:
            return label
        role = Why(sensor.name, sensor.name)
    elif driver_of(sensor) == "button":
        return role
    if label.ko in role.ko or role.ko in label.ko:
        return max(label, role, key=lambda each: len(each.ko))
    return Why(f"{label.ko} · {role.ko}", f"{label.en} · {role.en}")


def _role_of(name: str, config: Config) -> Why | None:
    """What a sensor is for; of a button that reports, what is printed beside it."""
    for each in config.report.buttons if config.report is not None else ():
        if each.button == name:
            return each.label
    role = book().roles.get(name)
    return None if role is None else Why(role.ko, role.en[:1].upper() + role.en[1:])


LOOKED_AT = Why(
    "그대로 두세요. 값이 오는지 확인합니다.",
    "Leave it as it is: the device checks that its values come.",
)

# what is wrong, and what to do; by why a read gave nothing
FAILURES: Mapping[str, tuple[str, Why, Why]] = {
    FailureKind.NO_ANSWER: (
        "sensor-missing",
        Why(
            "센서가 답하지 않아요. 연결되지 않은 것 같아요.",
            "The sensor does not answer: it seems not to be connected.",
        ),
        Why(
            "전원을 끄고, 배선 그림대로 센서의 선을 다시 꽂은 뒤 켜 주세요.",
            "Switch off, push its wires in again as the wiring picture shows, and switch on.",
        ),
    ),
    FailureKind.WRONG_DEVICE: (
        "wrong-part",
        Why("이 자리에 다른 부품이 연결되어 있어요.", "Another part is connected in this place."),
        Why(
            "부품 목록과 비교해서 맞는 부품으로 바꿔 주세요.",
            "Compare it with the parts list, and put the right part in.",
        ),
    ),
    FailureKind.CORRUPTED: (
        "sensor-garbled",
        Why("센서의 말이 깨져서 와요.", "What the sensor says arrives garbled."),
        Why(
            "센서의 선을 짧게 하고, 전원선에서 떨어뜨려 다시 꽂아 주세요.",
            "Use a shorter wire, away from the mains, and push it in again.",
        ),
    ),
    FailureKind.DISCONNECTED: (
        "wire-cut",
        Why("센서의 선이 빠졌거나 끊어졌어요.", "A wire of the sensor is off or cut."),
        Why(
            "선을 하나씩 살짝 당겨 보고, 빠진 선을 다시 꽂아 주세요.",
            "Pull gently at each wire, and push in the one that is loose.",
        ),
    ),
    FailureKind.NOT_READY: (
        "not-ready",
        Why("센서가 아직 준비되지 않았어요.", "The sensor is not ready yet."),
        Why(
            "몇 분 기다려 주세요. 가스 감지기는 맑은 공기에서 기준값을 먼저 재야 해요.",
            "Please wait for some minutes. A gas sensor needs its clean-air value measured first.",
        ),
    ),
    FailureKind.MUTED: (
        "muted",
        Why(
            "사람이 가림 단추(또는 스위치)로 꺼 두었어요.",
            "Somebody switched it off with its cover button or switch.",
        ),
        Why(
            "가림 단추를 한 번 누르거나 스위치를 돌려 켜 주세요. 몇 초 뒤에 값이 와요.",
            "Press the cover button once, or turn the switch, to switch it on. Its values come "
            "some seconds later.",
        ),
    ),
    FailureKind.UNUSABLE: (
        "sensor-unusable",
        Why("센서의 값을 쓸 수 없어요.", "The sensor's values cannot be used."),
        Why(
            "다시 해 보고, 그대로면 부품을 바꿔 주세요.",
            "Try again; if it stays so, exchange the part.",
        ),
    ),
    "silent": (
        "sensor-silent",
        Why("센서에서 아무 값도 오지 않아요.", "Nothing comes from the sensor."),
        Why(
            "센서의 선과 전원을 확인하고 다시 해 주세요.",
            "Check the sensor's wires and power, and try again.",
        ),
    ),
    "doubted": (
        "sensor-doubted",
        Why("센서의 값이 있을 수 없는 값이에요.", "The sensor's value cannot be."),
        Why(
            "배선을 확인하고, 그대로면 부품을 바꿔 주세요.",
            "Check its wires; if it stays so, exchange the part.",
        ),
    ),
}
WARMING = Why("예열하고 있어요. 조금 기다려 주세요.", "It is warming up. Please wait a little.")
STARTING = Why("기기가 시작하고 있어요.", "The device is starting.")
