"""What holds for the repository as a whole: its files, its imports, its wheel and its locks."""

import configparser
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SHIPPED = {"agent", "drivers", "models", "provisioning"}
HEAVY = {"numpy", "scipy", "pandas", "PIL", "tflite_runtime", "ai_edge_litert", "cryptography"}
WIRES = {"board", "busio", "gpiozero", "lgpio", "gpiod", "adafruit_dht", "adafruit_extended_bus"}
LOCKS = ("build", "demo", "dev", "device")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work|mnt)/\w")
UNFINISHED = re.compile(r"\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b")


def tracked(*patterns: str) -> Iterator[Path]:
    command = ("git", "-C", str(ROOT), "ls-files", "-z", *patterns)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"not a git checkout: {done.stderr.strip()}")
    return (path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file())


def lines_of_text() -> Iterator[tuple[str, str]]:
    """Every line of every tracked text file, with the place where it stands."""
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a model
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    own = (str(ROOT.parent) + "/", str(Path.home()) + "/")
    found = [
        f"{place}: {line[:80]}"
        for place, line in lines_of_text()
        if MACHINE_PATH.search(line) or any(len(path) > 2 and path in line for path in own)
    ]
    assert not found


def test_nothing_is_left_unfinished() -> None:
    assert not [place for place, line in lines_of_text() if UNFINISHED.search(line)]


def test_every_file_can_be_read_in_one_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert not long


def test_tests_neither_sleep_nor_ask_the_wall_clock() -> None:
    banned = re.compile(
        r"^import time$.*\btime\.(?:sleep|time)\(|^from time import sleep"
        r"|\b(?:datetime\.now|today)\(",
        re.MULTILINE | re.DOTALL,
    )
    tests = set(tracked("tests/**/test_*.py", "tests/test_*.py")) - {Path(__file__)}
    found = {path.name for path in tests if banned.search(path.read_text("utf-8"))}
    # TLS holds certificates against the machine's own clock
    assert found <= {"test_certificates.py", "test_hub_dates.py"}


@pytest.mark.parametrize(
    "statement",
    [
        "import agent.app",
        "import agent.cli; agent.cli.main(['version'])",
        "import agent.config; import drivers.catalog",
    ],
)
def test_the_smoke_alarm_path_loads_no_heavy_library(statement: str) -> None:
    code = (
        "import sys, contextlib\n"
        "with contextlib.suppress(SystemExit):\n"
        f"    {statement}\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not loaded & (HEAVY | WIRES | {"hw_mocks", "tests"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the tracked files so that the checkout stays clean."""
    source = tmp_path_factory.mktemp("source")
    for path in tracked():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    command = (sys.executable, "-m", "pip", "wheel", *options, "-w", str(out), str(source))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_ships_the_device_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == SHIPPED


def test_the_wheel_carries_every_profile_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    profiles = {path.name for path in tracked("provisioning/profiles/*.toml")}
    assert profiles
    assert profiles == {Path(name).name for name in names if "/profiles/" in name}
    assert any(name.endswith("/LICENSE") for name in names)


def requirements(*extras: str) -> Iterator[Requirement]:
    """What setup.cfg asks for, with the extras that an extra names."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    lines = parser["options"]["install_requires"].splitlines()
    pending = list(extras)
    while pending:
        for line in parser["options.extras_require"][pending.pop()].splitlines():
            if line.startswith("haetae["):
                pending += Requirement(line).extras
            else:
                lines.append(line)
    return (Requirement(line) for line in lines if line)


def pins(lock: str) -> dict[str, set[str]]:
    """Name to the versions that a lock file pins (one for each range of Pythons)."""
    found: dict[str, set[str]] = {}
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize(("lock", "extra"), [("device", "pi"), ("demo", "demo"), ("dev", "dev")])
def test_a_lock_pins_what_setup_cfg_asks_for(lock: str, extra: str) -> None:
    pinned = pins(lock)
    wanted: dict[str, list[Requirement]] = {}
    for requirement in requirements(extra):
        wanted.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    for name, asked in wanted.items():  # more than once where it depends on the Python
        assert name in pinned, f"{name}: not in {lock}.lock: make lock"
        for version in pinned[name]:
            assert any(each.specifier.contains(version, prereleases=True) for each in asked), name
        for each in asked:
            assert any(each.specifier.contains(v, prereleases=True) for v in pinned[name]), each


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_for_all_and_names_no_host_or_folder(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    blocks = re.split(r"\n(?=[\w.-]+==)", text)[1:]
    assert len(blocks) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--index|--find-links|file:|^[ ]*-[ef] ", text, re.MULTILINE)


def test_locks_agree_on_the_version_of_what_they_share() -> None:
    everything = pins("dev")
    for lock in LOCKS:
        for name, versions in pins(lock).items():
            assert versions == everything.get(name, versions), f"{lock}.lock: {name}: make lock"


def test_the_build_system_is_locked_too() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert {canonicalize_name(Requirement(line).name) for line in build} <= pins("build").keys()
