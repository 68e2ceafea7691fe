"""The units as systemd itself reads them; what no board is needed for."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[1] / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
# of 10, by systemd-analyze; what is left open: network, GPIO, I2C and SPI; cameras and sound cards
EXPOSURE = {
    "haetae-agent.service": 1.5,
    "haetae-apply.service": 0.8,
    "haetae-enroll.service": 1.5,
    "haetae-gateway.service": 1.1,
    "haetae-perception.service": 0.6,
    "haetae-setup.service": 1.5,
}

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
    """The unit with a program that is here, since verify insists on one."""
    copy = folder / unit.name
    program = r"/opt/haetae/bin/haetae.*|/usr/bin/systemctl.*"
    copy.write_text(re.sub(program, "/bin/true", unit.read_text()))
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
        f"--threshold={round(EXPOSURE[unit.name] * 10)}",
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
