"""A system bundle between its check and its trial: nobody exchanges it, and no alarm is missed."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.remedy import ProvisioningError
from provisioning.update.boot_slot import Slot
from provisioning.update.calm import Patience
from provisioning.update.device import Hands
from provisioning.update.facts import Places
from provisioning.update.slot_record import SlotRecord, SlotTrial
from provisioning.update.slots import OneStart
from provisioning.update.system import pinned, restart_in_calm
from tests.provisioning.update.devices import saying

QUIET: dict[str, Any] = {
    "at": 1.0, "siren": "quiet", "active": [], "coverage": {"fire": {"claim": "proven"}},
}  # fmt: skip
RINGS = QUIET | {"siren": "t3", "active": [{"hazard": "fire", "stage": "alarm"}]}
NOBODY = 65_534
CHECKED, OTHER = b"what was checked", b"something else"


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    path = tmp_path / "downloads" / "system.raucb"
    path.parent.mkdir()
    path.write_bytes(CHECKED)
    return path


def refused(path: Path, folder: Path) -> bool:
    with pytest.raises(ProvisioningError) as caught, pinned(path, is_trusted=False, folder=folder):
        pass
    return caught.value.failure.code == "release-damaged"


def test_what_takes_its_place_is_not_what_is_installed(fetched: Path, tmp_path: Path) -> None:
    with pinned(fetched, is_trusted=False, folder=tmp_path / "run") as same:
        assert same.name == fetched.name
        (tmp_path / "other").write_bytes(OTHER)
        (tmp_path / "other").replace(fetched)
        assert fetched.read_bytes() == OTHER
        assert same.read_bytes() == CHECKED
    assert list((tmp_path / "run").iterdir()) == []


def test_it_is_nobodys_to_change_and_nobody_has_it_open_to(fetched: Path, tmp_path: Path) -> None:
    with fetched.open("r+b"):
        assert refused(fetched, tmp_path / "run")
    fetched.chmod(0o666)
    with pinned(fetched, is_trusted=False, folder=tmp_path / "run"):
        assert fetched.stat().st_mode & 0o777 == 0o444


def test_no_link_is_followed_to_a_file_that_is_roots_own(fetched: Path, tmp_path: Path) -> None:
    (tmp_path / "file").symlink_to(fetched)
    (tmp_path / "folder").symlink_to(fetched.parent)
    for path in (tmp_path / "file", tmp_path / "folder" / fetched.name, tmp_path / "nothing"):
        assert refused(path, tmp_path / "run")
    assert fetched.stat().st_mode & 0o200
    with pinned(tmp_path / "file", is_trusted=True, folder=tmp_path / "run") as same:
        assert same.read_bytes() == CHECKED
    assert fetched.stat().st_mode & 0o200


def test_what_a_start_that_was_cut_off_has_left_is_in_nobodys_way(
    fetched: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / fetched.name).symlink_to("/proc/1/fd/99")
    with pinned(fetched, is_trusted=False, folder=tmp_path / "run") as same:
        assert same.read_bytes() == CHECKED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_has_fetched_it_may_look_whether_it_is_whole_after_a_cut(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        path = Path(name) / "system.raucb"
        path.write_bytes(CHECKED)
        os.chown(path, NOBODY, NOBODY)
        os.chown(name, NOBODY, NOBODY)
        with pinned(path, is_trusted=False, folder=tmp_path / "run"):
            assert path.stat().st_uid == 0  # and the power goes: nobody clears up
        looks = ("/bin/sh", "-c", f"cat {path} && rm {path}")
        said = subprocess.run(looks, check=True, capture_output=True, user=NOBODY, group=NOBODY)
        assert said.stdout == CHECKED
        assert not path.exists()


@dataclass
class Moment:
    """A device whose agent says `body`, where a fire begins `while_written` or had begun before."""

    tmp_path: Path
    body: dict[str, Any]
    while_written: int = 0  # so many of the next times that the card is written
    done: list[str] = field(default_factory=list)
    waited: list[str] = field(default_factory=list)

    def restart(self) -> SlotTrial | None:
        """Have it restarted; the trial that is written down then."""
        record = SlotRecord(self.tmp_path / "slots")
        places = replace(Places(), agent_run=self.tmp_path)
        patience = Patience(1.0, wait=lambda _: self.body.update(QUIET))  # it ends while waited for
        with saying(self.tmp_path, self.body):
            restart_in_calm(
                Hands(places=places, patience=patience),
                lambda claims: self._one_start(record, claims),
                lambda why: self.waited.append("; ".join(why)),
                lambda: self.done.append("told"),
            )
        return record.trial

    def _one_start(self, record: SlotRecord, claims: Mapping[str, str]) -> OneStart:
        going = SlotTrial(slot=Slot.B, version="2", from_version="1", claims=dict(claims))
        back, restart = (lambda name=name: self.done.append(name) for name in ("back", "restart"))
        return OneStart(record, going, self._switch, restart, back)

    def _switch(self) -> None:
        self.done.append("switch")
        if self.while_written:
            self.while_written -= 1
            self.body.update(RINGS)


def test_a_calm_device_is_restarted_into_it(tmp_path: Path) -> None:
    calm = Moment(tmp_path, dict(QUIET))
    going = calm.restart()
    assert going is not None
    assert going.claims == {"fire": "proven"}
    assert (calm.done, calm.waited) == (["switch", "told", "restart"], [])


def test_an_alarm_before_it_is_waited_for(tmp_path: Path) -> None:
    rings = Moment(tmp_path, dict(RINGS))
    assert rings.restart() is not None
    assert rings.done == ["switch", "told", "restart"]
    assert rings.waited == ["fire under way; it shows t3"]


@pytest.mark.parametrize("times", [1, 3])
def test_an_alarm_while_the_card_is_written_calls_it_off_until_it_is_over(
    tmp_path: Path, times: int
) -> None:
    begins = Moment(tmp_path, dict(QUIET), while_written=times)
    assert begins.restart() is not None
    assert begins.done == ["switch", "back"] * times + ["switch", "told", "restart"]
    assert begins.waited == ["fire under way; it shows t3"] * times
