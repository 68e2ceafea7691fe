"""What lies on flash after a power cut at any step is whole, and something whole is in force."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hw_mocks.release_keys import ReleaseKeys
from provisioning.update import boot, calm, device, outcome, selection, trees, view
from provisioning.update.bundle import opened
from provisioning.update.calm import Patience
from provisioning.update.device import Hands
from provisioning.update.facts import Places
from provisioning.update.selection import Layer, Selection, Trial
from provisioning.update.signing import Signer
from provisioning.update.trial import Terms
from provisioning.update.units import Units
from tests.disks import fill, small_disk
from tests.provisioning.power import Supply
from tests.provisioning.update.devices import answering, places_in
from tests.provisioning.update.releases import LOCK, made, refusal

SMALL = {"agent/__init__.py": b'__version__ = "0.2.0"\n', "agent/app.py": b"armed = True\n"}
NEXT, AFTER = "0.2.0", "0.3.0"
AT_ONCE = Patience(every_s=0.01, dead_after_s=0.0)
AT_ONCE_GOOD = Terms(within_s=20.0, settles_s=0.0, soak_s=0.0, every_s=0.01)
SHORT = Terms(within_s=0.0, settles_s=0.0, soak_s=0.0, every_s=0.01)
supply = Supply()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=datetime(2026, 10, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        version: made(folder / version.replace(".", "-"), signer, SMALL, version=version)
        for version in (NEXT, AFTER)
    }


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder that needs no disk to be waited for, where there is one: every step is on flash."""
    if not os.access("/dev/shm", os.W_OK):  # asked for
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
def places(tmp_path: Path, keys: ReleaseKeys) -> Places:
    return places_in(tmp_path, keys.roots)


def hands(places: Places) -> Hands:
    """Nobody answers and nothing restarts: what is installed is taken back at once."""
    return Hands(places, Units("true"), SHORT, AT_ONCE, by_hand=True)


def put_in(places: Places, bundle: Path, *, good: bool = True) -> Layer:
    """Install a bundle as a trial that was found good leaves it."""
    found = opened(bundle, (places.release_roots,))
    trees.stage(found, places.installed)
    layer = Layer(found.sha256, found.manifest.version, "1.0.0", LOCK)
    before = selection.read(places.installed)
    layers = {**before.current, found.manifest.kind: layer}
    going = Trial(found.manifest.kind, layer.version, layer.sha256, "boot", layers)
    chosen = before.on_trial(going)
    selection.write(places.installed, chosen.found_good() if good else chosen)
    return layer


def switched_on(places: Places) -> dict[str, str]:
    """Cut the power and switch on again: memory is empty; the versions that are in force then."""
    for folder in (places.run, places.update_run):
        shutil.rmtree(folder)
        folder.mkdir()
    return {kind: layer.version for kind, layer in boot.lay_out(places).items()}


def imported(places: Places) -> str:
    """What a Python that is started as the agent is takes for the agent."""
    code = "import agent, pathlib; print(pathlib.Path(agent.__file__).resolve())"
    path = f"{places.ground.current}:{places.shipped}"
    done = subprocess.run(
        (sys.executable, "-P", "-S", "-c", code),
        env={"PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_without_an_update_what_was_shipped_runs(places: Places) -> None:
    assert switched_on(places) == {}
    assert not places.ground.current.exists()
    assert imported(places).startswith(str(places.shipped))


def test_what_was_found_good_runs_after_every_start(
    places: Places, bundles: dict[str, Path]
) -> None:
    put_in(places, bundles[NEXT])
    for _ in range(2):
        assert switched_on(places) == {"application": NEXT}
        assert imported(places).startswith(str(places.installed))


def test_a_trial_that_did_not_end_as_good_before_a_reboot_is_taken_back(
    places: Places, bundles: dict[str, Path]
) -> None:
    put_in(places, bundles[NEXT])
    tried = put_in(places, bundles[AFTER], good=False)
    assert switched_on(places) == {"application": NEXT}
    told = outcome.read(places.update_run)
    assert told is not None
    assert (told.version, told.state, told.why) == (AFTER, "rolled-back", boot.CUT_OFF)
    assert selection.read(places.installed).failed == {tried.sha256: boot.CUT_OFF}
    assert not (places.installed / tried.sha256).exists(), "its room is free again"
    # the next start has nothing new to tell
    assert switched_on(places) == {"application": NEXT}
    assert outcome.read(places.update_run) == told


def linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a byte": lambda tree: (tree / "files/agent/app.py").write_bytes(b"armed = False"),
    "a missing file": lambda tree: (tree / "files/agent/app.py").unlink(),
    "a file too many": lambda tree: (tree / "files/agent/more.py").write_text("import os"),
    "an empty signature": lambda tree: (tree / "signature").write_bytes(b""),
    "a torn list": lambda tree: (tree / "compiled.json").write_bytes(b'{"a'),
    "no tree": shutil.rmtree,
    "a link": lambda tree: linked(tree / "files/agent/app.py"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_tree_is_left_aside_for_the_one_before_it(
    places: Places, bundles: dict[str, Path], how: str
) -> None:
    put_in(places, bundles[NEXT])
    newest = put_in(places, bundles[AFTER])
    DAMAGE[how](places.installed / newest.sha256)
    assert switched_on(places) == {"application": NEXT}
    told = outcome.read(places.update_run)
    assert told is not None
    assert (told.version, told.state) == (AFTER, "rolled-back")
    assert "release-damaged" in told.why
    # it did not fail: it may be fetched again, and nothing below it is taken
    assert selection.read(places.installed).failed == {}
    assert selection.read_floor(places.installed) == {"application": AFTER}


def test_where_all_is_damaged_what_was_shipped_runs(
    places: Places, bundles: dict[str, Path]
) -> None:
    for version in (NEXT, AFTER):
        tree = places.installed / put_in(places, bundles[version]).sha256
        (tree / "files/agent/app.py").write_bytes(b"damaged")
    assert switched_on(places) == {}
    assert imported(places).startswith(str(places.shipped))
    assert selection.read_floor(places.installed) == {"application": AFTER}


def test_a_damaged_choice_forgets_no_floor(places: Places, bundles: dict[str, Path]) -> None:
    put_in(places, bundles[AFTER])
    switched_on(places)
    device.settle(hands(places))
    selection.write_floor(places.installed, selection.read_floor(places.installed))
    (places.installed / selection.FILE).write_bytes(b"\x00" * 100)
    assert switched_on(places) == {}
    code = refusal(lambda: device.install(bundles[NEXT], hands(places)))
    assert code == "update-not-newer"


def test_compiled_code_that_is_damaged_is_compiled_again_and_nothing_else(
    places: Places, bundles: dict[str, Path]
) -> None:
    layer = put_in(places, bundles[NEXT])
    compiled = sorted((places.installed / layer.sha256).rglob("*.pyc"))
    assert compiled
    for each in compiled:
        each.write_bytes(b"no code")
    assert switched_on(places) == {"application": NEXT}
    assert imported(places).startswith(str(places.installed))


def test_another_key_than_the_citys_is_no_reason_to_run_anything(
    places: Places, bundles: dict[str, Path], tmp_path: Path
) -> None:
    put_in(places, bundles[NEXT])
    another, ours = ReleaseKeys(tmp_path / "another"), places.release_roots.read_bytes()
    places.release_roots.write_bytes(another.roots.read_bytes())
    assert switched_on(places) == {}
    told = outcome.read(places.update_run)
    assert told is not None
    assert told.why.startswith("release-untrusted")
    places.release_roots.write_bytes(ours)
    assert switched_on(places) == {"application": NEXT}, "the system that knows it is back"


def test_an_application_for_another_lock_waits_for_its_system(
    places: Places, bundles: dict[str, Path]
) -> None:
    put_in(places, bundles[NEXT])
    version = json.loads(places.version_file.read_text())
    places.version_file.write_text(json.dumps(version | {"lock": "b" * 64}))
    assert switched_on(places) == {}, "the new system runs by what it has shipped"
    places.version_file.write_text(json.dumps(version))
    assert switched_on(places) == {"application": NEXT}, "and the old one, taken back, as before"


def test_a_power_cut_at_any_step_of_an_installation_leaves_a_device_that_runs(
    in_memory: Path, keys: ReleaseKeys, bundles: dict[str, Path]
) -> None:
    step, is_over = 0, False
    while not is_over:
        here = in_memory / str(step)
        places = places_in(here, keys.roots)
        put_in(places, bundles[NEXT])
        switched_on(places)
        with supply.cut_before(step, here):
            device.install(bundles[AFTER], hands(places))
        is_over = supply.steps <= step
        assert switched_on(places) == {"application": NEXT}, step
        found = selection.read(places.installed)
        assert found.trial is None, step
        names = {each.name for each in places.installed.iterdir() if each.is_dir()}
        assert names == {found.current["application"].sha256}, f"{step}: nothing is left over"
        if step % 10 == 0:  # the next try goes its way: there is no agent here, so it comes back
            assert device.install(bundles[AFTER], hands(places)).state == "rolled-back"
        shutil.rmtree(here)
        step += 1
    assert step > 30, "the harness has seen the steps"


def test_a_power_cut_while_one_is_found_good_leaves_the_old_or_the_new_one(
    in_memory: Path, keys: ReleaseKeys, bundles: dict[str, Path]
) -> None:
    def kept(steps: int) -> tuple[str, bool]:
        """What is in force at the next start, where the power goes after so many steps."""
        here = in_memory / str(steps)
        places = places_in(here, keys.roots)
        put_in(places, bundles[NEXT])
        switched_on(places)
        with answering(places) as units:
            hands = Hands(places, units, AT_ONCE_GOOD, AT_ONCE, by_hand=True)
            with supply.cut_before(steps, here):
                assert device.install(bundles[AFTER], hands).state == "good"
        version = switched_on(places)["application"]
        assert selection.read(places.installed).trial is None
        assert selection.read_floor(places.installed) == {"application": version}
        told = outcome.read(places.update_run)
        return version, told is not None and told.state == "good"

    assert kept(10_000) == (AFTER, True)
    whole = supply.steps
    ended = [kept(steps) for steps in range(whole - 20, whole)]
    versions = [version for version, _ in ended]
    assert versions == sorted(versions), "the old one, and from one step on the new one"
    assert set(versions) == {NEXT, AFTER}
    assert all(version == AFTER for version, is_good in ended if is_good)


def test_a_power_cut_at_any_step_of_a_start_is_made_good_by_the_next(
    in_memory: Path, keys: ReleaseKeys, bundles: dict[str, Path]
) -> None:
    step, is_over = 0, False
    while not is_over:
        here = in_memory / str(step)
        places = places_in(here, keys.roots)
        put_in(places, bundles[NEXT])
        put_in(places, bundles[AFTER], good=False)
        with supply.cut_before(step, here):
            boot.lay_out(places)
        is_over = supply.steps <= step
        assert switched_on(places) == {"application": NEXT}, step
        assert selection.read(places.installed).trial is None
        told = outcome.read(places.update_run)
        assert told is not None, f"{step}: and it is told"
        assert told.state == "rolled-back", step
        shutil.rmtree(here)
        step += 1
    assert step > 5


def test_a_full_disk_is_told_with_what_to_do_and_nothing_has_changed(
    tmp_path: Path, keys: ReleaseKeys, bundles: dict[str, Path]
) -> None:
    places = places_in(tmp_path, keys.roots)
    with small_disk(places.installed, 4096):
        put_in_small(places, bundles[NEXT])
        before = (places.installed / selection.FILE).read_bytes()
        ballast = fill(places.installed)
        assert refusal(lambda: device.install(bundles[AFTER], hands(places))) == "update-no-room"
        assert (places.installed / selection.FILE).read_bytes() == before
        assert switched_on(places) == {"application": NEXT}
        ballast.unlink()


def put_in_small(places: Places, bundle: Path) -> None:
    """As `put_in`, on a disk that has no room for a reserve."""
    found = opened(bundle, (places.release_roots,))
    trees.stage(found, places.installed, reserve_bytes=0)
    layer = Layer(found.sha256, found.manifest.version, "1.0.0", LOCK)
    selection.write(places.installed, Selection({"application": layer}))


def test_data_stand_over_the_program_that_has_none_of_its_own(
    places: Places, signer: Signer, bundles: dict[str, Path], tmp_path: Path
) -> None:
    put_in(places, bundles[NEXT])
    weights = {"models/manifest.toml": b"new = 1\n", "models/weights/x.json": b"{}"}
    put_in(places, made(tmp_path / "m", signer, weights, kind="models", version="5.0", lock=""))
    rules = {"agent/limits.toml": b"heat = 57\n"}
    put_in(places, made(tmp_path / "r", signer, rules, kind="rules", version="7.0", lock=""))
    assert switched_on(places) == {"application": NEXT, "models": "5.0", "rules": "7.0"}
    current = places.ground.current
    assert (current / "models/manifest.toml").read_bytes() == b"new = 1\n"
    assert (current / "agent/limits.toml").read_bytes() == b"heat = 57\n"
    assert (current / "agent/app.py").read_bytes() == SMALL["agent/app.py"]
    assert json.loads((current / view.INSTALLED_FILE).read_text())["rules"]["version"] == "7.0"


def test_who_does_not_answer_is_not_calm(places: Places) -> None:
    assert calm.status(places.agent_run) is None
    told: list[str] = []
    patience = Patience(every_s=0.01, dead_after_s=0.05)
    assert calm.await_calm(places.agent_run, patience, told.extend) is None
    assert told == ["the agent does not answer"]
