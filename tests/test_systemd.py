"""The units as systemd itself reads them; what no board is needed for."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[1] / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
EXPOSURE = 1.5  # of 10, by systemd-analyze; network, GPIO, I2C and SPI are what is left open

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (apt.txt)"
)


def agent() -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # keys keep their case
    unit.read(SYSTEMD / "haetae-agent.service")
    return unit


def on_this_machine(unit: Path, folder: Path) -> Path:
    """The unit with a program that is here, since verify insists on one."""
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace("/opt/haetae/bin/haetae run", "/bin/true"))
    return copy


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_knows_every_word_of_a_unit(unit: Path, tmp_path: Path) -> None:
    said = run("systemd-analyze", "verify", "--man=no", on_this_machine(unit, tmp_path))
    assert unit.name not in said


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_exposes_no_more_than_is_stated(unit: Path, tmp_path: Path) -> None:
    run(
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={round(EXPOSURE * 10)}",
        on_this_machine(unit, tmp_path),
    )


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_the_groups_of_the_wires_exist_after_sysusers(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "sysusers.d" / "haetae.conf")
    groups = {line.split(":")[0] for line in (tmp_path / "etc" / "group").read_text().splitlines()}
    service = agent()["Service"]
    assert {service["User"], *service["SupplementaryGroups"].split()} <= groups


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="no systemd-tmpfiles here")
def test_the_key_is_for_the_agent_alone(tmp_path: Path) -> None:
    rules = (SYSTEMD / "tmpfiles.d" / "haetae.conf").read_text().replace("haetae haetae", "- -")
    (tmp_path / "rules.conf").write_text(rules)  # by this user: the device's has no number here
    key = tmp_path / "root" / "etc" / "haetae" / "identity" / "device.key"
    key.parent.mkdir(parents=True)
    key.touch(0o644)
    run("systemd-tmpfiles", f"--root={tmp_path / 'root'}", "--create", tmp_path / "rules.conf")
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


def test_systemd_never_gives_up_on_the_agent() -> None:
    unit = agent()
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["Restart"] == "always"


def test_a_bad_configuration_is_not_restarted() -> None:
    assert agent()["Service"]["RestartPreventExitStatus"] == "78"


def test_the_agent_starts_without_network_and_clock() -> None:
    unit = agent()["Unit"]
    waits = " ".join(unit.get(key, "") for key in ("After", "Requires", "Wants", "BindsTo"))
    assert not any(word in waits for word in ("network", "time-sync", "chrony", "timesyncd"))
