"""The units as systemd itself reads them; what no board is needed for."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import units

SYSTEMD = Path(__file__).parents[1] / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
SERVICES = units.services()  # the image's own, too
STARTED_BY = sorted(
    path for path in SYSTEMD.rglob("haetae-*") if path.suffix in {".timer", ".path"}
)
KNOWS_STEPS = 254  # RestartSteps= and RestartMaxDelaySec=
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (apt.txt)"
)


def read(name: str) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # keys keep their case
    unit.read(SYSTEMD / name)
    return unit


def agent() -> configparser.RawConfigParser:
    return read("haetae-agent.service")


def perception() -> configparser.RawConfigParser:
    return read("haetae-perception.service")


def on_this_machine(unit: Path, folder: Path) -> Path:
    """The unit with programs that are here, since verify insists on them, and its drop-ins."""
    copy = folder / unit.name
    programs = re.compile(r"^(Exec\w+=[-+]?)/\S+", re.MULTILINE)
    copy.write_text(programs.sub(r"\1/bin/true", unit.read_text()))
    for drop_in in sorted(unit.parent.glob(f"{unit.name}.d/*.conf")):
        if drop_in.name != "steps.conf" or systemd_version() >= KNOWS_STEPS:
            (folder / drop_in.parent.name).mkdir(exist_ok=True)
            shutil.copy(drop_in, folder / drop_in.parent.name)
    return copy


def systemd_version() -> int:
    found = re.search(r"systemd (\d+)", run("systemd-analyze", "--version"))
    assert found
    return int(found[1])


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_systemd_knows_every_word_of_a_unit(unit: Path, tmp_path: Path) -> None:
    said = run("systemd-analyze", "verify", "--man=no", on_this_machine(unit, tmp_path))
    assert unit.name not in said


@needs_systemd
@pytest.mark.parametrize("unit", STARTED_BY, ids=lambda path: path.name)
def test_systemd_knows_every_word_of_what_starts_a_unit(unit: Path, tmp_path: Path) -> None:
    started = units.read(unit).one("Unit", f"{unit.stem}.service", unit.suffix[1:].title())
    for path in SERVICES:
        if path.name == started:
            on_this_machine(path, tmp_path)
    assert (tmp_path / started).exists()
    shutil.copy(unit, tmp_path)
    assert unit.name not in run("systemd-analyze", "verify", "--man=no", tmp_path / unit.name)


@needs_systemd
def test_a_word_that_systemd_does_not_know_would_be_noticed(tmp_path: Path) -> None:
    unit = on_this_machine(SYSTEMD / "haetae-agent.service", tmp_path)
    (tmp_path / f"{unit.name}.d").mkdir(exist_ok=True)
    (tmp_path / f"{unit.name}.d" / "wrong.conf").write_text("[Service]\nRestartStep=1\n")
    assert "RestartStep" in run("systemd-analyze", "verify", "--man=no", unit)


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_unit_exposes_no_more_than_is_stated(unit: Path, tmp_path: Path) -> None:
    run(
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={round(units.EXPOSURE.get(unit.name, units.LIMIT) * 10)}",
        on_this_machine(unit, tmp_path),
    )


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_the_groups_of_the_wires_exist_after_sysusers(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "sysusers.d" / "haetae.conf")
    groups = {line.split(":")[0] for line in (tmp_path / "etc" / "group").read_text().splitlines()}
    for unit in (agent(), perception()):
        service = unit["Service"]
        assert {service["User"], *service["SupplementaryGroups"].split()} <= groups


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="no systemd-tmpfiles here")
def test_the_key_is_for_the_agent_alone(tmp_path: Path) -> None:
    rules = (SYSTEMD / "tmpfiles.d" / "haetae.conf").read_text()
    rules = re.sub(r" (haetae\S*|root) (haetae|root) ", " - - ", rules)
    (tmp_path / "rules.conf").write_text(rules)  # by this user: the device's have no number here
    key = tmp_path / "root" / "etc" / "haetae" / "identity" / "device.key"
    key.parent.mkdir(parents=True)
    key.touch(0o644)
    run("systemd-tmpfiles", f"--root={tmp_path / 'root'}", "--create", tmp_path / "rules.conf")
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_never_gives_up_on_a_service(unit: Path) -> None:
    found = read(unit.name)
    assert found["Unit"]["StartLimitIntervalSec"] == "0"
    # what ends by itself may not be told to start always; a timer starts it again
    ends = found["Service"]["Type"] in {"oneshot", "exec"}
    assert found["Service"]["Restart"] == ("on-failure" if ends else "always")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_bad_configuration_is_not_restarted(unit: Path) -> None:
    assert read(unit.name)["Service"]["RestartPreventExitStatus"] == "78"


def test_the_agent_starts_without_network_and_clock() -> None:
    unit = agent()["Unit"]
    waits = " ".join(unit.get(key, "") for key in ("After", "Requires", "Wants", "BindsTo"))
    assert not any(word in waits for word in ("network", "time-sync", "chrony", "timesyncd"))


def test_perception_has_no_network_and_no_place_to_keep_anything() -> None:
    service = perception()["Service"]
    assert service["PrivateNetwork"] == "yes"
    assert service["IPAddressDeny"] == "any"
    assert service["RestrictAddressFamilies"] == "AF_UNIX"
    assert service["ProtectSystem"] == "strict"
    writable = {"StateDirectory", "CacheDirectory", "LogsDirectory", "ReadWritePaths", "BindPaths"}
    assert not writable & service.keys()
    assert "-/var/lib/haetae" in service["InaccessiblePaths"].split()
    assert service["User"] != agent()["Service"]["User"]


def test_perception_dies_for_the_agent_and_not_the_other_way_round() -> None:
    assert int(perception()["Service"]["OOMScoreAdjust"]) > 0
    assert int(agent()["Service"]["OOMScoreAdjust"]) < 0
    for unit in (agent(), perception()):
        assert unit["Service"]["MemoryMax"]
        assert "perception" not in unit["Unit"].get("Requires", "")


def test_agent_and_perception_reach_each_others_socket_by_one_group() -> None:
    group = perception()["Service"]["User"]
    assert group in agent()["Service"]["SupplementaryGroups"].split()
    assert perception()["Service"]["RuntimeDirectoryMode"] == "0750"


def test_the_page_of_units_says_what_their_files_say() -> None:
    script = SYSTEMD.parent / "scripts" / "units_page.py"
    done = subprocess.run(
        (sys.executable, str(script), "--check"),
        env={"PYTHONPATH": str(SYSTEMD.parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    remedy = "PYTHONPATH=. .venv/bin/python scripts/units_page.py"
    assert done.returncode == 0, f"docs/units.md is out of date: {remedy} {done.stderr}"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_every_service_has_bounds_and_dies_before_the_agent(unit: Path) -> None:
    found = units.read(unit)
    assert found.one("MemoryMax")
    assert found.one("TasksMax")
    assert found.one("NoNewPrivileges") == "yes"
    least = int(agent()["Service"]["OOMScoreAdjust"])
    assert least > -1000  # which nothing may end, not even at its own bound
    if unit.name != "haetae-agent.service":
        assert int(found.one("OOMScoreAdjust", "0")) > least


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_what_hangs_is_ended(unit: Path) -> None:
    found = units.read(unit)
    assert found.one("TimeoutStartSec") != "infinity"
    if found.one("Type") == "oneshot":  # without one it has all the time there is
        assert found.one("TimeoutStartSec")
    if found.one("Restart") == "always" and found.one("Type") == "notify":
        assert found.one("WatchdogSec")


def test_what_can_be_done_again_dies_first() -> None:
    order = [("agent", -500), ("perception", 500), ("setup", 600), ("enroll", 650)]
    for name, score in order:
        assert int(read(f"haetae-{name}.service")["Service"]["OOMScoreAdjust"]) == score


def test_the_boards_timer_is_never_asked_for_more_than_it_has() -> None:
    manager = units.read(SYSTEMD / "system.conf.d" / "haetae.conf")
    for key in ("RuntimeWatchdogSec", "RebootWatchdogSec"):
        assert manager.one(key, section="Manager") == "15s"  # bcm2835's: 20 bits at 65,536 Hz
    assert manager.one("KExecWatchdogSec", section="Manager") == "off"
    assert manager.one("DefaultTimeoutStopSec", section="Manager") == "10s"


def test_the_kernel_starts_again_after_an_oops_and_not_for_memory_or_a_slow_card() -> None:
    text = (SYSTEMD / "sysctl.d" / "haetae.conf").read_text()
    found = dict(
        re.split(r"\s*=\s*", line, maxsplit=1)
        for line in text.splitlines()
        if line and line[0] != "#"
    )
    assert (found["kernel.panic"], found["kernel.panic_on_oops"]) == ("10", "1")
    assert found["vm.panic_on_oom"] == found["kernel.hung_task_panic"] == "0"


@pytest.mark.parametrize(
    "drop_in", sorted(SYSTEMD.rglob("steps.conf")), ids=lambda p: p.parent.name
)
def test_what_fails_is_tried_ever_more_seldom_but_the_agent_soon(drop_in: Path) -> None:
    unit, steps = units.read(drop_in.parent.with_suffix("")), units.read(drop_in)
    assert {key for _, key, _ in steps.lines} == {"RestartSteps", "RestartMaxDelaySec"}
    longest_s = int(steps.one("RestartMaxDelaySec"))
    assert longest_s > int(unit.one("RestartSec"))
    if unit.name == "haetae-agent.service":
        assert longest_s <= 30


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_key_of_a_network_or_a_hub_is_handed_over_and_not_left_to_be_read(unit: Path) -> None:
    text = "\n".join(units.read(unit).all("ExecStart"))
    assert "/data/network" not in text
    if "wpa_supplicant" in text:
        assert "${CREDENTIALS_DIRECTORY}" in text


def test_logs_stay_in_memory_and_are_bounded() -> None:
    journal = units.read(SYSTEMD / "journald.conf.d" / "haetae.conf")
    assert journal.one("Storage", section="Journal") == "volatile"
    assert journal.one("RuntimeMaxUse", section="Journal") == "16M"
    assert int(journal.one("RateLimitBurst", section="Journal")) <= 1000


def test_no_unit_gets_a_command_line_from_two_drop_ins() -> None:
    for folder in SYSTEMD.rglob("*.service.d"):
        setting = [p.name for p in folder.glob("*.conf") if "ExecStart=" in p.read_text("utf-8")]
        assert len(setting) <= 1, folder  # only the last by name would count
