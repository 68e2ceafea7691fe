"""The board rig, as far as it goes without a board: a real sshd, relays, and power that is cut."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import tomli_w

from tests.hil.loopback import SSHD, Bench
from tests.hil.refusal import LEAVE, REFUSED, OutputsRefusedError, refuse_real_outputs
from tests.hil.results import name_of
from tests.hil.rigs import board_config, make
from tests.hil.rigs.board_config import EXAMPLE, NAMED_BY
from tests.hil.rigs.rig import Capability, CommandError, Rig, RigUnavailableError
from tests.running import REPOSITORY, STALL, needs

pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd: sudo apt-get install openssh-server")
CHOSEN = "call_for_help or check_names or promises or power-cut"
PROVEN = {
    "test_a_call_for_help_moves_the_siren_and_is_heard_at_the_hub_in_order",
    "test_check_names_the_configuration_that_is_in_force",
    "test_every_driver_keeps_its_promises_on_the_devices_own_wires",
    "test_an_end_in_the_middle_of_an_alarm_loses_nothing_and_the_siren_sounds_again[by-a-power-cut]",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    needs("mosquitto")
    found = Bench(tmp_path_factory.mktemp("bench"))
    found.build()
    found.do("power", "on")
    yield found
    found.do("power", "off")


@pytest.fixture
def board(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv(NAMED_BY, str(bench.file))
    rig = make("board", tmp_path)
    yield rig
    rig.close()


def altered(bench: Bench, to: Path, **changes: Mapping[str, object]) -> Path:
    """A bench's file with some tables' lines changed."""
    tables = tomllib.loads(bench.file.read_text())
    for table, lines in changes.items():
        tables[table] |= lines
    to.write_text(tomli_w.dumps(tables))
    return to


def test_the_suite_runs_on_a_board_over_ssh_and_gives_its_configuration_back(
    bench: Bench, tmp_path: Path
) -> None:
    own, left = bench.config.read_bytes(), bench.config.with_name("device.toml.before-hil")
    bench.config.rename(left)  # as a session that was cut off leaves it
    bench.config.write_text(f"{STALL}[device]\nid = 'of-another-session'\n")
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.hil", "--rig", "board", "--out", str(tmp_path),
            "--", "-k", CHOSEN, "-p", "no:cacheprovider",
        ],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=os.environ | {NAMED_BY: str(bench.file)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    cases = ET.parse(tmp_path / "board" / "junit.xml").iter("testcase")
    passed = [str(each.get("name")) for each in cases if not each.findall("skipped")]
    assert {name_of(each, "board") for each in passed} == PROVEN
    assert bench.config.read_bytes() == own
    assert not left.exists()


def test_files_and_commands_go_over_the_wire_whole(board: Rig, tmp_path: Path) -> None:
    path, data = str(tmp_path / "a file"), bytes(range(256)) * 300
    board.put(path, data)
    assert board.get(path) == data
    assert Path(path).stat().st_mode & 0o777 == 0o600
    Path(path).chmod(0o644)
    board.put(path, b"new")
    assert (board.get(path), Path(path).stat().st_mode & 0o777) == (b"new", 0o644)
    assert board.run("printf '%s' \"it's \\$HOME\"") == "it's $HOME"
    with pytest.raises(CommandError) as raised:
        board.run("echo so; echo why >&2; exit 3")
    assert (raised.value.code, raised.value.said) == (3, "so\nwhy")


def test_real_outputs_are_refused_before_anything_is_touched(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir, relays = tmp_path / "run", tmp_path / "relays"
    run_dir.mkdir()
    (run_dir / "status.json").write_text(
        f'{{"simulated": false, "armed": true, "pid": {os.getpid()}}}'
    )
    file = altered(
        bench,
        tmp_path / "board.toml",
        device={"run_dir": str(run_dir), "stop": f"touch {tmp_path}/stopped"},
        relays={"sos.pressed": {"on": ["touch", str(relays)], "off": ["touch", str(relays)]}},
    )
    own = bench.config.read_bytes()
    monkeypatch.delenv(LEAVE, raising=False)
    done = subprocess.run(
        [sys.executable, "-m", "tests.hil", "--rig", "board", "--out", str(tmp_path / "out")],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=os.environ | {NAMED_BY: str(file)},
    )  # fmt: skip
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert "nothing was moved" in done.stdout + done.stderr
    assert f"{LEAVE}=1 make hil RIG=board" in done.stdout + done.stderr
    assert not (tmp_path / "out" / "board" / "results.json").exists()
    assert not relays.exists()
    assert not (tmp_path / "stopped").exists()
    assert bench.config.read_bytes() == own


@pytest.mark.parametrize(
    ("simulated", "leave", "moves"),
    [(True, "", True), (False, "1", True), (False, "", False), (False, "yes", False),
     (None, "", False), ("true", "", False), (None, "1", True)],
)  # fmt: skip
def test_outputs_move_only_where_they_are_simulated_or_somebody_has_said_so(
    simulated: object, leave: str, moves: bool
) -> None:
    if moves:
        refuse_real_outputs("a board", simulated=simulated, environment={LEAVE: leave})
        return
    with pytest.raises(OutputsRefusedError, match="nothing was moved"):
        refuse_real_outputs("a board", simulated=simulated, environment={LEAVE: leave})


def test_a_board_whose_host_key_is_not_known_is_not_spoken_to(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nobody").write_text("")
    ssh = {"known_hosts": str(tmp_path / "nobody")}
    file = altered(bench, tmp_path / "board.toml", ssh=ssh, device={"armed_within_s": 1.0})
    monkeypatch.setenv(NAMED_BY, str(file))
    rig = make("board", tmp_path / "rig")
    with pytest.raises(RigUnavailableError, match="does not answer"):
        rig.open()
    rig.close()


def test_without_a_bench_the_rig_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAMED_BY, str(tmp_path / "none.toml"))
    with pytest.raises(RigUnavailableError, match=r"board\.example\.toml .* docs/hil\.md"):
        make("board", tmp_path)


def test_the_example_of_a_bench_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED_BY, str(EXAMPLE))
    found = board_config.load()
    assert {Capability.WIRES, Capability.KNOBS, Capability.FAULTS, Capability.POWER} <= found.can


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ('has = ["WINGS"]', "", "WINGS"),
        ("", '[relays."sos.pressed"]\non = ["x"]', "`on` and `off`"),
        ("", "[sirene]", "sirene"),
    ],
)
def test_a_mistake_in_a_benchs_file_is_named(
    first: str, last: str, names: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "board.toml"
    file.write_text(f'{first}\n[ssh]\nhost = "b"\n[hub]\naddress = "127.0.0.1"\n{last}\n')
    monkeypatch.setenv(NAMED_BY, str(file))
    with pytest.raises(RigUnavailableError, match=names):
        make("board", tmp_path)
