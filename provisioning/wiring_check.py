"""What would go wrong if a profile were wired as it stands: each fault in words, with a remedy.

`agent.config` refuses most double use of pins when it loads a file. This looks at the wires: what
each terminal drives, what a bus takes for itself, and what the rails must bear.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from agent.sections import Config
from agent.values import Why
from provisioning.book import Book, book
from provisioning.remedy import Failure
from provisioning.wiring import (
    HEADER,
    Box,
    driver_of,
    flat,
    is_input,
    is_on_header,
    physical,
    plan,
)

# 0.3 V above the 3.3 V that feeds them is the most that a GPIO, an MCP3008 (DS21295: 0.6 V) and an
# ADS1115 (SBAS444E: 0.3 V) bear
MOST_V = 3.6
# The maker states no figure for the header's 3.3 V. Half of what its regulator gives on a Pi 3
# (1 A) and what a Pi's 5 V supply of 2.5 A leaves beside the board are this project's proposal.
# All pins together bear about 50 mA (`drivers.siren`).
MOST_MA = {"3V3": 500.0, "5V": 1000.0, "pins": 50.0}
_FREE_SHOWN = 4


def problems(config: Config, entries: Book | None = None) -> list[Failure]:
    """All that is wrong with the wiring of these sensors and outputs; [] where nothing is."""
    entries = entries or book()
    unknown = [driver_of(each) for each in config.sensors]
    unknown = [each for each in dict.fromkeys(unknown) if each not in entries.parts]
    if unknown:
        return [_unknown(each) for each in unknown]
    boxes = plan(config, entries)
    return [
        *_pins(boxes),
        *_inputs(boxes),
        *_addresses(boxes),
        *_volts(boxes),
        *_currents(boxes),
    ]


def currents_ma(boxes: Sequence[Box]) -> dict[str, float]:
    """What all parts together take at most from each rail, in mA."""
    found = dict.fromkeys(MOST_MA, 0.0)
    for each in flat(boxes):
        if each.draws is not None:
            found[each.draws.rail] += each.draws.ma
    return found


def _name(box: Box) -> str:
    return f"{box.label.ko} ({box.key})"


def _english(box: Box) -> str:
    return f"{box.label.en} ({box.key})"


def _pins(boxes: Sequence[Box]) -> Iterator[Failure]:
    """A pin that two want, or that one wants and a bus has."""
    wanted = [(each.net, box) for box in boxes for each in box.terminals if is_on_header(each)]
    taken = [(net, box) for box in flat(boxes) for net in box.takes]
    doubles: list[tuple[str, Box, Box]] = []
    for n, (net, box) in enumerate(wanted):
        doubles += [(net, other, box) for own, other in wanted[:n] if own == net]
        doubles += [(net, other, box) for own, other in taken if own == net and other is not box]
    used = {net for net, _ in (*wanted, *taken)}
    free = [net for net in HEADER if net.startswith("gpio") and net not in used]
    for net, first, second in doubles:
        yield _pin_twice(net, first, second, free[:_FREE_SHOWN])


def _pin_twice(net: str, first: Box, second: Box, free: Sequence[str]) -> Failure:
    pin = f"{physical(net)} ({net.upper()})"
    is_bus = bool(first.inside or second.inside or net in (*first.takes, *second.takes))
    moves = second if not second.inside else first
    others = ", ".join(f"{physical(each)} ({each.upper()})" for each in free) or "-"
    return Failure(
        "wiring-bus-pin" if is_bus else "wiring-pin-twice",
        Why(
            f"{pin}번 핀을 {_name(first)}과(와) {_name(second)}이(가) 함께 쓰려고 합니다.",
            f"Pin {pin} is wanted by {_english(first)} and by {_english(second)}.",
        ),
        Why(
            f"{_name(moves)}을(를) 빈 핀으로 옮기고 설정의 `gpio`를 고쳐 주세요: {others}.",
            f"Move {_english(moves)} to a free pin and change its `gpio`: {others}.",
        ),
        f"{net}: {first.key}, {second.key}",
    )


def _inputs(boxes: Sequence[Box]) -> Iterator[Failure]:
    """Two parts on one input of a converter."""
    for group in boxes:
        users = [
            (each.net, box)
            for box in group.inside
            for each in box.terminals
            if is_input(each) and each.volts is not None
        ]
        for net, pairs in groupby(sorted(users, key=lambda each: each[0]), lambda each: each[0]):
            sharing = [box for _, box in pairs]
            if len(sharing) > 1:
                names = [box.key for box in sharing]
                yield _twice("wiring-input-twice", net.partition("@")[0], names, "channel")


def _addresses(boxes: Sequence[Box]) -> Iterator[Failure]:
    """Two parts at one address of a bus."""
    for group in boxes:
        found: dict[str, list[str]] = {}
        for box in group.inside:
            if box.address and not any(is_input(each) for each in box.terminals if box.driver):
                found.setdefault(box.address, []).append(box.key)
        for address, names in found.items():
            if len(names) > 1:
                yield _twice("wiring-address-twice", address, names, "address")


def _twice(code: str, place: str, names: Sequence[str], key: str) -> Failure:
    both = ", ".join(names)
    return Failure(
        code,
        Why(
            f"{both}: 모두 {place}에 연결하려고 합니다.",
            f"{both}: all of them are to go to {place}.",
        ),
        Why(
            f"하나만 남기고 다른 자리로 옮겨 `{key}`를 고쳐 주세요.",
            f"Leave one there, move the others, and change their `{key}`.",
        ),
        f"{place}: {both}",
    )


def _volts(boxes: Sequence[Box]) -> Iterator[Failure]:
    """A terminal that drives more than the pin or the converter bears."""
    for box in flat(boxes):
        for each in box.terminals:
            if each.volts is None or each.volts <= MOST_V:
                continue
            yield Failure(
                "wiring-over-voltage",
                Why(
                    f"{_name(box)}의 {each.at} 단자에서 {each.volts:.1f} V가 나옵니다. "
                    f"{MOST_V:g} V가 넘으면 기기가 망가집니다.",
                    f"Terminal {each.at} of {_english(box)} gives {each.volts:.1f} V; more than "
                    f"{MOST_V:g} V destroys the device.",
                ),
                Why(
                    "연결하지 마세요. 10 kΩ과 20 kΩ 나눔 저항을 사이에 넣거나 3.3 V로 켜고, "
                    "설정의 `divider`나 `supply_v`를 맞춰 주세요.",
                    "Do not connect it. Put a divider of 10 kΩ over 20 kΩ between, or feed the "
                    "part 3.3 V, and set `divider` or `supply_v` accordingly.",
                ),
                f"{box.key}.{each.at}: {each.volts:.2f} V to {each.net}",
            )


_OVERLOADS = (
    ("wiring-3v3-overload", "3V3", "3.3 V"),
    ("wiring-5v-overload", "5V", "5 V"),
    ("wiring-pins-overload", "pins", "GPIO"),
)


def _currents(boxes: Sequence[Box]) -> Iterator[Failure]:
    taken = currents_ma(boxes)
    for code, rail, name in _OVERLOADS:
        if (ma := taken[rail]) <= MOST_MA[rail]:
            continue
        draws = [each for each in flat(boxes) if each.draws and each.draws.rail == rail]
        largest = max(draws, key=lambda each: each.draws.ma if each.draws else 0.0)
        yield Failure(
            code,
            Why(
                f"{name}에서 모두 {ma:.0f} mA를 쓰는데 {MOST_MA[rail]:.0f} mA까지만 됩니다.",
                f"The parts take {ma:.0f} mA from {name}, which gives {MOST_MA[rail]:.0f} mA.",
            ),
            Why(
                f"가장 많이 쓰는 {_name(largest)}에 따로 전원을 달고 GND만 이어 주세요.",
                f"Give the largest, {_english(largest)}, a supply of its own; join only GND.",
            ),
            ", ".join(f"{each.key} {each.draws.ma:g} mA" for each in draws if each.draws),
        )


def _unknown(driver: str) -> Failure:
    return Failure(
        "wiring-part-unknown",
        Why(
            f"부품 책에 `{driver}`가 없어 배선을 그릴 수 없습니다.",
            f"The book of parts has no `{driver}`, so its wiring cannot be drawn.",
        ),
        Why(
            "소프트웨어를 새 것으로 바꾸거나 공급처에 알려 주세요.",
            "Update the software, or tell its supplier.",
        ),
        driver,
    )
