"""An update on a running device: kept where it detects as well as before, else taken back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from hw_mocks.release_keys import ReleaseKeys
from provisioning.update import calm, device, outcome, selection
from provisioning.update.calm import Patience
from provisioning.update.signing import Signer
from tests.provisioning.update.devices import (
    NEXT,
    QUICK,
    Device,
    application,
    chosen,
    places_in,
    running,
)
from tests.provisioning.update.releases import made, refusal
from tests.running import until

SHIPPED = "haetae 0.1.0"
UPDATED = f"haetae {NEXT}"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=datetime(2026, 10, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Path:
    return made(tmp_path_factory.mktemp("good") / "a", signer, application(), version=NEXT)


@pytest.fixture
def here(tmp_path: Path, keys: ReleaseKeys) -> Iterator[Device]:
    with running(places_in(tmp_path, keys.roots)) as found:
        yield found


def test_a_good_one_is_kept_and_can_be_taken_back_by_hand(here: Device, good: Path) -> None:
    assert here.software == SHIPPED
    told = device.install(good, here.hands())
    assert (told.state, told.why) == ("good", "")
    assert here.software == UPDATED
    assert chosen(here.places) == {"application": NEXT}
    assert outcome.read(here.places.update_run) == told == outcome.read(here.places.updates)

    back = device.roll_back(here.hands(by_hand=True))
    assert back.state == "good"
    assert here.software == SHIPPED
    assert chosen(here.places) == {}
    assert selection.read_floor(here.places.installed) == {"application": NEXT}


def appended(text: str) -> dict[str, Callable[[str], str]]:
    """An agent whose `agent/app.py` ends with this, too."""
    return {"agent/app.py": lambda before: f"{before}\n{text}\n"}


# each is a way in which a new version is worse, and what is said of it
WORSE: dict[str, tuple[dict[str, Callable[[str], str]], str]] = {
    "crashes at once": (appended("raise SystemExit(3)"), "it ended"),
    "crashes a while later": (
        appended("import os, threading\nthreading.Timer(4.0, os._exit, [9]).start()"),
        "it ended",
    ),
    "hangs": (appended("import time\ntime.sleep(3600)"), "the agent does not answer"),
    "has lost a hazard": (
        {
            "agent/coverage.py": lambda before: before.replace(
                "for hazard in FLOOR:", "for hazard in FLOOR.keys() - {Hazard.SOS}:"
            )
        },
        "sos is gone",
    ),
    "does not detect": (
        {
            "agent/detectors/fire.py": lambda before: (
                f"{before}\nFireDetector.update = lambda self, reading: []\n"
            )
        },
        "no alarm within",
    ),
}


TERMS = {
    "hangs": replace(QUICK, within_s=5.0),
    "crashes a while later": replace(QUICK, soak_s=8.0),  # longer than it can live, on any machine
}


@pytest.mark.parametrize("how", WORSE)
def test_one_that_is_worse_is_taken_back_and_says_why(
    here: Device, tmp_path: Path, signer: Signer, how: str
) -> None:
    changed, why = WORSE[how]
    bad = made(tmp_path / "bad", signer, application(changed=changed), version=NEXT)
    terms = TERMS.get(how, QUICK)
    told = device.install(bad, here.hands(terms=terms))
    assert told.state == "rolled-back"
    assert why in told.why
    until(here.is_armed, 90, f"armed again\n{here.said()}")
    assert here.software == SHIPPED
    assert chosen(here.places) == {}
    assert outcome.read(here.places.update_run) == told
    # nobody tries it again unasked, and nothing is undercut by what was never good
    assert refusal(lambda: device.install(bad, here.hands())) == "update-failed-before"
    assert selection.read_floor(here.places.installed) == {}
    assert list(here.places.installed.glob("*/files")) == []


def test_an_alarm_is_waited_for_before_anything_is_touched(here: Device, good: Path) -> None:
    here.set("sos.pressed", 1)
    here.set("sos.pressed", 0)
    until(lambda: in_alarm(here), 40, "an alarm")
    ended: list[outcome.Report] = []
    installing = Thread(
        target=lambda: ended.append(device.install(good, here.hands())), daemon=True
    )
    installing.start()
    waiting = until(lambda: reported(here, "waiting"), 40, "it waits")
    assert "sos under way" in waiting.why
    assert here.starts == 1
    assert chosen(here.places) == {}
    calm.ask(here.places.agent_run, {"mistaken": "sos"})
    installing.join(90)
    assert [each.state for each in ended] == ["good"]


def test_an_alarm_during_the_trial_is_not_interrupted_unless_the_agent_is_dead(
    here: Device, tmp_path: Path, signer: Signer
) -> None:
    changed, _ = WORSE["has lost a hazard"]
    bad = made(tmp_path / "bad", signer, application(changed=changed), version=NEXT)
    ended: list[outcome.Report] = []
    hands = here.hands(patience=Patience(every_s=0.1, dead_after_s=2.0))
    installing = Thread(target=lambda: ended.append(device.install(bad, hands)), daemon=True)
    installing.start()
    until(lambda: reported(here, "trying"), 40, "it is tried")
    until(lambda: here.is_armed() and here.software == UPDATED, 40, "the new one is armed")
    here.set("sos.pressed", 1)
    until(lambda: in_alarm(here), 40, "an alarm")
    installing.join(QUICK.settles_s + 3.0)
    assert (ended, here.starts) == ([], 2), "the alarm sounds on"
    here.freeze()  # neither answers nor dies by itself
    installing.join(60)
    assert [each.state for each in ended] == ["rolled-back"]
    assert here.starts == 3


def in_alarm(here: Device) -> bool:
    found = calm.status(here.places.agent_run)
    return found is not None and calm.is_alarm(found.body)


def reported(here: Device, state: str) -> outcome.Report | None:
    found = outcome.read(here.places.update_run)
    return found if found is not None and found.state == state else None
