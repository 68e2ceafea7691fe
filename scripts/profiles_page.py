"""Write docs/profiles: an index, a page a profile, and its wiring as pictures for paper and phone.

    scripts/profiles_page.py [--check] [--print FOLDER]

With `--check` nothing is written; the exit code is 1 where a file does not fit the code. With
`--print` each profile's sheets for a printer (HTML) and its lists (CSV) are written there, too.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import config
from agent.sections import Config
from agent.values import Why
from provisioning import parts_list
from provisioning.parts_list import HEADS, PRICES, WIRE_HEADS, csv_text, markdown
from provisioning.profile_sheet import LIMIT_HEADS, limit_rows, sheet
from provisioning.wiring import Box, config_lines, flat, plan
from provisioning.wiring_check import MOST_MA, currents_ma
from provisioning.wiring_phone import phone_picture
from provisioning.wiring_picture import picture

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "profiles"
PROFILES = ROOT / "provisioning" / "profiles"
DEMOS = ROOT / "hw_mocks" / "demos"


def made() -> dict[str, str]:
    """Every file by its name below `FOLDER`, with its text."""
    found, index = {}, []
    for path in sorted(PROFILES.glob("*.toml")):
        conf = config.load(path)
        boxes = plan(conf)
        found[f"{path.stem}.md"] = page(path.stem, conf, boxes)
        found[f"{path.stem}.svg"] = picture(boxes, conf.title)
        found[f"{path.stem}-phone.svg"] = phone_picture(boxes, conf.title)
        count = sum(each.count for each in parts_list.items(boxes))
        index.append([f"[`{path.stem}`]({path.stem}.md)", both(conf.title), str(count)])
    table = markdown(("profile", "곳과 쓰임 · for what", "부품 수 · parts"), index)
    text = Path(__file__).with_suffix(".md").read_text("utf-8")
    found["README.md"] = text.replace("{profiles}", table)
    return found


def both(why: Why) -> str:
    """A text in both languages, on one line."""
    return f"{why.ko} · {why.en}"


def page(name: str, conf: Config, boxes: tuple[Box, ...]) -> str:
    """The page of one profile."""
    parts = markdown(HEADS, parts_list.rows(parts_list.items(boxes)))
    text = (Path(__file__).parent / "profile_page.md").read_text("utf-8")
    values = {
        "name": name,
        "ko": conf.title.ko,
        "en": conf.title.en,
        "about": about(name),
        "parts": parts,
        "prices": PRICES,
        "wires": markdown(WIRE_HEADS, parts_list.wire_rows(boxes)),
        "currents": currents(boxes),
        "boot": "\n".join(config_lines(boxes)) or "(없음 · none)",
        "limits": markdown(LIMIT_HEADS, limit_rows(conf)),
        "texts": texts(conf),
        "demo": demo(name),
    }
    for place, made_here in values.items():
        text = text.replace(f"{{{place}}}", made_here)
    return text


def about(name: str) -> str:
    """What the profile is for, in both languages, then what its file says at its head."""
    book = tomllib.loads((PROFILES.parent / "about.toml").read_text("utf-8"))["profiles"]
    told = [book[name]["about"]["ko"], "", book[name]["about"]["en"], ""]
    for line in (PROFILES / f"{name}.toml").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        told.append("> " + line.removeprefix("#").strip())
    return "\n".join(told)


def currents(boxes: tuple[Box, ...]) -> str:
    """What the parts take of each rail, and how much of that is a guess."""
    guessed = dict.fromkeys(MOST_MA, 0.0)
    for each in flat(boxes):
        if each.draws is not None and each.draws.basis == "proposal":
            guessed[each.draws.rail] += each.draws.ma
    names = {"3V3": "3.3 V", "5V": "5 V", "pins": "GPIO"}
    return ", ".join(
        f"{names[rail]} {ma:g} / {MOST_MA[rail]:g} mA"
        + (f" (추정 · a proposal: {guessed[rail]:g})" if guessed[rail] else "")
        for rail, ma in currents_ma(boxes).items()
    )


def texts(conf: Config) -> str:
    """Every sentence that the profile itself says, with the key where it stands."""
    found = [
        f"- `{key}`: {why.ko} · {why.en}" for key, why in sentences(conf, "") if key != "title"
    ]
    rest = (
        "다른 말은 모든 기기가 같습니다 · all other words are the same on every device: "
        "`agent/wording.py`, `agent/care_wording.py`, `provisioning/prompts.toml`."
    )
    return "\n".join([*found, "", rest]) if found else rest


def sentences(value: Any, place: str) -> Iterator[tuple[str, Why]]:
    """All texts in two languages below a table."""
    if isinstance(value, Why):
        yield place, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from sentences(getattr(value, name), f"{place}.{name}".strip("."))
    elif isinstance(value, list | tuple):
        for n, each in enumerate(value):
            yield from sentences(each, f"{place}[{n}]")


def demo(name: str) -> str:
    """How to see it without a board: its demonstration and the scenario behind that."""
    path = DEMOS / f"{name}.toml"
    if not path.exists():
        return f"`haetae check --config provisioning/profiles/{name}.toml`"
    script = tomllib.loads(path.read_text("utf-8"))
    scenario = script["scenario"]
    expected = ", ".join(f"`{each['hazard']}` {each['stage']}" for each in script["expects"])
    title = script["title"][0].upper() + script["title"][1:]
    where = f"[`{scenario}`](../../hw_mocks/scenarios/{scenario}.toml)"
    return f"""```
make demo PROFILE={name}
```

{title}. Scenario: {where}; it must end in: {expected}."""


def printed(folder: Path) -> None:
    """The sheets and lists of every profile, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(PROFILES.glob("*.toml")):
        conf = config.load(path)
        boxes = plan(conf)
        items = parts_list.rows(parts_list.items(boxes))
        (folder / f"{path.stem}.html").write_text(sheet(conf), "utf-8")
        (folder / f"{path.stem}-parts.csv").write_text(csv_text(HEADS, items), "utf-8")
        wires = csv_text(WIRE_HEADS, parts_list.wire_rows(boxes))
        (folder / f"{path.stem}-wires.csv").write_text(wires, "utf-8")


def main() -> int:
    """Write the files, or see whether they fit; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--print", type=Path, dest="folder")
    asked = parser.parse_args()
    if asked.folder:
        printed(asked.folder)
    files = made()
    there = {path.name for path in FOLDER.glob("*") if path.is_file()}
    if asked.check:
        stale = [
            name
            for name, text in files.items()
            if name not in there or (FOLDER / name).read_text("utf-8") != text
        ]
        print(*stale, *(there - files.keys()))
        return int(bool(stale or there - files.keys()))
    FOLDER.mkdir(exist_ok=True)
    for name in there - files.keys():
        (FOLDER / name).unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
