"""The profiles that may be chosen: the TOML files of `provisioning/profiles`, and their words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from agent.values import Why
from drivers import catalog
from drivers.board import SensorConfig

BOOKS = ("about.toml",)  # beside the profiles: more words on each, where there are


@dataclass(frozen=True, slots=True)
class Profile:
    """One of them; `text` is its whole file."""

    name: str
    title: Why
    about: Why
    text: str

    def sensors(self) -> list[SensorConfig]:
        """Its `[[sensors]]`."""
        return [catalog.decode(each) for each in tomllib.loads(self.text)["sensors"]]


def profiles(folder: Traversable | None = None) -> dict[str, Profile]:
    """All of them, by name, in the order of their names."""
    home = resources.files("provisioning") if folder is None else folder
    told = _told(home)
    found = {}
    for each in sorted((home / "profiles").iterdir(), key=lambda path: path.name):
        if each.name.endswith(".toml"):
            text = each.read_text("utf-8")
            made = _profile(text, told)
            found[made.name] = made
    return found


def _profile(text: str, told: Mapping[str, Any]) -> Profile:
    table = tomllib.loads(text)
    name, title = table["profile"], _words(table["title"])
    about = told.get(name, {}).get("about") or table.get("about")
    return Profile(name, title or Why(name, name), _words(about) or _parts(table), text)


def _told(home: Traversable) -> Mapping[str, Any]:
    """What a book beside the profiles says of each; any form that has a table by name will do."""
    for name in BOOKS:
        for folder in (home, home / "profiles"):
            if (path := folder / name).is_file():
                table = tomllib.loads(path.read_text("utf-8"))
                found = table.get("profiles", table)
                return {k: v for k, v in found.items() if isinstance(v, dict)}
    return {}


def _words(found: object) -> Why | None:
    if isinstance(found, dict) and found.get("ko") and found.get("en"):
        return Why(str(found["ko"]), str(found["en"]))
    return None


def _parts(table: Mapping[str, Any]) -> Why:
    """How many parts it needs, where nobody wrote more."""
    count = len(table["sensors"])
    return Why(f"센서 {count}개를 씁니다.", f"It has {count} sensors.")


def fitting(found: Mapping[str, Profile], chosen: str, gone: set[str]) -> str:
    """The profile that fits what answers better than the one chosen; empty: none does.

    `gone` are the sensors of the chosen one that do not answer. A part is told by its driver and
    what it claims of the board. Of two that fit as well, the one with fewer parts that nobody has
    seen is meant.
    """
    if chosen not in found:
        return ""
    here = {_place(each) for each in found[chosen].sensors() if each.name not in gone}
    absent = {_place(each) for each in found[chosen].sensors() if each.name in gone}
    scores = {}
    for name, profile in found.items():
        parts = {_place(each) for each in profile.sensors()}
        unseen = len(parts - here - absent)
        scores[name] = (len(parts & here) - 2 * len(parts & absent) - unseen, -unseen)
    best = max(scores, key=lambda name: scores[name])
    return best if best != chosen and scores[best] > scores[chosen] else ""


def _place(each: SensorConfig) -> tuple[str, frozenset[str]]:
    return str(type(each).__struct_config__.tag), each.claims()
