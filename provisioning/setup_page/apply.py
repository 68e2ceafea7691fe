"""Makes the device's configuration of a profile, and puts it where the agent takes it from.

`haetae-agent` is started anew by systemd when the file changes; the page has no right to do so.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from agent import config
from agent.sections import Config
from agent.tomlfile import ConfigError
from agent.values import Why
from drivers.camera import Zone
from provisioning.places import ANCHORS, CERTIFICATE, DEVICE_TOML, KEY
from provisioning.remedy import Failure
from provisioning.seed import Seed
from provisioning.setup_page.files import PUBLIC, put
from provisioning.setup_page.refusals import RefusedError

_CANDIDATE = "setup/candidate.toml"
Zones = Mapping[str, Sequence[Zone]]


def device_toml(profile: str, seed: Seed, zones: Zones, identity: Path) -> str:
    """The whole file: the profile's text with its comments, its cameras' zones, device and hub."""
    text = profile
    for camera, drawn in zones.items():
        text = _with_zones(text, camera, msgspec.json.decode(msgspec.json.encode(drawn)))
    hub = msgspec.to_builtins(seed.hub)
    files = {"ca": ANCHORS, "certificate": CERTIFICATE, "key": KEY}
    hub |= {name: str(identity / file) for name, file in files.items()}
    own: dict[str, object] = {"device": {"id": seed.device, "site": seed.site}, "hub": hub}
    if seed.updates is not None:
        own["updates"] = msgspec.to_builtins(seed.updates)
    head = "# Written by the setup page. To change it, hold the device's button for 5 seconds.\n"
    return f"{head}{text.rstrip()}\n\n{tomli_w.dumps(own)}"


def put_in_force(configuration: Path, text: str) -> Config:
    """Check it as the agent will, and put it in place of what is there.

    Raises:
        RefusedError: It is no configuration; what was there stays.
        OSError: The disk is full, read-only or broken; what was there stays.
    """
    candidate = configuration / _CANDIDATE
    put(candidate, text.encode())
    try:
        found = config.load(candidate)
    except ConfigError as error:
        raise RefusedError(_unusable(str(error))) from None
    finally:
        candidate.unlink(missing_ok=True)
    put(configuration / DEVICE_TOML, text.encode(), PUBLIC)
    return found


def _with_zones(text: str, camera: str, zones: list[dict[str, Any]]) -> str:
    """The text with other zones for one camera; every other line stays as somebody wrote it."""
    blocks = re.split(r"(?m)^(?=\[)", text)
    wanted = tomllib.loads(text)
    for each in wanted["sensors"]:
        if each["name"] == camera:
            each["zones"] = zones
    for n, block in enumerate(blocks):
        if block.startswith("[[sensors]]") and tomllib.loads(block)["sensors"][0]["name"] == camera:
            blocks[n] = _block_with(block, zones)
    found = "".join(blocks)
    try:
        is_same = tomllib.loads(found) == wanted
    except tomllib.TOMLDecodeError:
        is_same = False
    return found if is_same else tomli_w.dumps(wanted)  # without comments, but right


def _block_with(block: str, zones: list[dict[str, Any]]) -> str:
    lines, kept, depth = block.rstrip("\n").splitlines(), list[str](), 0
    for line in lines:
        begins = depth == 0 and re.match(r"zones\s*=", line)
        if begins or depth > 0:
            bare = line.partition("#")[0]
            depth += bare.count("[") - bare.count("]")
            continue
        kept.append(line)
    end = len(kept)
    while end > 0 and not kept[end - 1].strip():
        end -= 1
    kept.insert(end, _line(zones))
    return "\n".join(kept) + "\n\n"


def _line(zones: list[dict[str, Any]]) -> str:
    rows = []
    for each in zones:
        points = ", ".join(f"[{x!r}, {y!r}]" for x, y in each["points"])
        rows.append(f'    {{ name = "{each["name"]}", points = [{points}] }},')
    return "\n".join(["zones = [", *rows, "]"]) if rows else "zones = []"


def _unusable(detail: str) -> Failure:
    return Failure(
        "configuration-unusable",
        Why("이 쓰임으로는 설정을 만들 수 없어요.", "No configuration can be made of this."),
        Why(
            "다른 쓰임을 고르거나 사무실에 전화해 주세요.",
            "Choose another purpose, or call the office.",
        ),
        detail,
    )
