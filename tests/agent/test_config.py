"""A mistake in the file is one line that names file, key and remedy, and exit 78."""

import os
import random
import re
import string
from pathlib import Path

import pytest

from agent import cli, cli_words, config, tomlfile
from agent.cli import PROFILES

PROVISIONED = (
    (PROFILES / "market-stall.toml").read_text()
    + """
[device]
id = "haetae-0042"
site = "cheongnyangni"

[hub]
host = "hub.city.example"
"""
)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "device.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("profile", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_a_complete_configuration(profile: Path) -> None:
    found = config.load(profile)
    assert found.profile == profile.stem
    assert found.hub is None


def test_a_provisioned_device_is_a_profile_with_identity_and_hub(tmp_path: Path) -> None:
    found = config.load(write(tmp_path, PROVISIONED))
    assert (found.device.id, found.device.site) == ("haetae-0042", "cheongnyangni")
    assert found.hub is not None
    assert (found.hub.host, found.hub.port, found.hub.protocol) == ("hub.city.example", 8883, "5")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('driver = "dht22"', 'driver = "dht2"'), r"`\$\.sensors\[\.\.\.\]\.driver`|dht22"),
        (('driver = "dht22"', 'driver = "dht22"\npin = 4'), r"unknown field `pin`.*remove it"),
        (("gpio = 27", "gpoi = 27"), r"`gpio`"),
        (("host =", "hots ="), r"`host`"),
        (('site = "cheongnyangni"', "site = 7"), r"`str`, got `int` - at `\$\.device\.site`"),
        (('name = "ceiling"', 'name = "Ceiling Air"'), r"at `\$\.sensors\[.*\]\.name`"),
        (("gpio = 27", "gpio = 17"), r"gpio17 is used by .* give each its own"),
        (('id = "haetae-0042"', 'id = "haetae-0042\\n"'), r"at `\$\.device\.id`"),
        (('en = "Fire watch', 'zz = "", en = "Fire watch'), r"unknown field `zz` - at `\$\.title`"),
        (("every_s = 5.0", "every_s = 60.0"), r"too slow .* at `\$\.sensors\[1\]\.every_s`: 30 s"),
        (("gpio = 27", "gpio = 8"), r"gpio8 is used by `\$\.sensors\[5?\d\]` too"),
        (("gpio = 27", "gpio = 2"), r"gpio2 is used by .* give each its own"),
        (('name = "motion"', 'name = "co"'), r"name `co` is used by .* give each its own"),
        (('buttons = ["sos"]', 'buttons = ["s"]'), r"no button is named `s`.*\['hush', 'sos'\]"),
        (("rise = 60.0", "rise = nan"), r"finite.* got nan - at `\$\.fire\.fixed_heat\.rise`"),
        (("rise = 60.0", "rise = 40.0"), r"at `\$\.fire\.fixed_heat\.rise`"),
        (("rise = 60.0", "rise = 60.0\nfall = 70.0"), r"`fall` is not below `rise`.*lower"),
        (('id = "haetae-0042"', 'id = "haetae-0042'), r"not TOML: .* at or after `id`: mend"),
        (('host = "hub.city.example"', 'host = "10.0.0.1"\ntls = false'), r"at `\$\.hub\.tls`"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_place(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    assert change[0] in PROVISIONED
    with pytest.raises(config.ConfigError, match=says) as caught:
        config.load(write(tmp_path, PROVISIONED.replace(*change, 1)))
    assert str(caught.value).startswith(str(tmp_path / "device.toml: "))


def test_plain_text_is_accepted_on_the_same_machine(tmp_path: Path) -> None:
    text = PROVISIONED.replace('"hub.city.example"', '"127.0.0.1"\ntls = false\nport = 1883')
    found = config.load(write(tmp_path, text)).hub
    assert found is not None
    assert not found.tls


@pytest.mark.parametrize("path", ["missing.toml", ".", "nul\0byte"])
def test_an_unreadable_file_is_a_configuration_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    assert cli.main(["--config", str(tmp_path / path), "check"]) == 78
    assert "cannot be read" in capsys.readouterr().err


def test_a_file_that_the_disk_does_not_give_is_read_again_at_another_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unread = "/proc/self/mem"  # a regular file whose first page gives EIO
    assert cli.main(["--config", unread, "check"]) == os.EX_IOERR
    assert "Input/output error: check the card" in capsys.readouterr().err
    for unit in (Path(__file__).parents[2] / "systemd").glob("haetae-*.service"):
        assert not re.search(rf"RestartPreventExitStatus=.*{os.EX_IOERR}", unit.read_text("utf-8"))


def test_a_file_without_an_end_is_a_configuration_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long.toml").write_bytes(b"#" * (tomlfile.LONGEST_BYTES + 1))
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path / "long.toml"):
        assert cli.main(["--config", str(path), "check"]) == 78
        assert "cannot be read" in capsys.readouterr().err


def slip_of_bytes(source: random.Random, raw: bytearray) -> None:
    """A byte changed, a stretch lost, rubbish typed in, or the beginning pasted in between."""
    at = source.randrange(len(raw))
    match source.randrange(4):
        case 0:
            raw[at] = source.randrange(256)
        case 1:
            del raw[at : at + source.randint(1, 40)]
        case 2:
            raw[at:at] = "".join(source.choices(string.printable, k=5)).encode()
        case _:
            raw[at:at] = raw[: source.randrange(len(raw))]


def slip_of_lines(source: random.Random, lines: list[bytes]) -> None:
    """A line doubled, lost, given another value or key, or all of them shuffled."""
    n = source.randrange(len(lines))
    key, equals, value = lines[n].partition(b"=")
    match source.randrange(5):
        case 0:
            lines[n] = lines[source.randrange(len(lines))]
        case 1:
            lines[n] = key + b"= " + source.choice(VALUES).encode()
        case 2:
            lines[n] = source.choice(KEYS).encode() + equals + value
        case 3:
            del lines[n]
        case _:
            source.shuffle(lines)


def mutated(source: random.Random, text: str) -> bytes:
    """The file after one to three slips of hand, editor or disk."""
    raw = bytearray(text.encode())
    for _ in range(source.randint(1, 3)):
        if source.random() < 0.5:
            slip_of_bytes(source, raw)
        else:
            lines = bytes(raw).split(b"\n")
            slip_of_lines(source, lines)
            raw = bytearray(b"\n".join(lines))
        raw = raw or bytearray(b"\n")
    return bytes(raw)


VALUES = [
    "nan", "-inf", "1e999", "9" * 30, "9" * 5000, "-1", "0", "true", '""', '"x" # y', "[]", "{}",
    "[[[[]]]]", "2026-11-21", "'\\'", '"\\u0000"', '"\U0001f525"', "[" * 2000, '"a\\nb"',
]  # fmt: skip
KEYS = [
    "",
    "gpio",
    "name",
    "driver",
    "adc",
    "a.b.c",
    '"quoted key"',
    "한글",
    "[fire]",
    "[[sensors]]",
]


def test_ten_thousand_mutated_files_are_accepted_or_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, path = random.Random(2026), tmp_path / "device.toml"
    codes = {0: 0, 78: 0}
    parser = cli_words.parser("the agent", cli.COMMANDS)
    args = parser.parse_args(["--config", str(path), "--state", str(tmp_path), "check"])
    for _ in range(10_000):
        path.write_bytes(mutated(source, PROVISIONED))
        code = cli.execute(args)
        codes[code] += 1
        said = capsys.readouterr()
        if code == 78:
            line = said.err.removesuffix("\n")
            assert line.isprintable()
            assert re.search(r"`[^`]+`", line), line  # the key
            assert line.startswith(f"{path}: ")
            assert said.out == ""
        assert "Traceback" not in said.err
    assert min(codes.values()) > 500  # the slips are neither all harmless nor all fatal
