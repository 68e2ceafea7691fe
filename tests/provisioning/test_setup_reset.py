"""The setup page asks for a reset only for whoever held the button of a device that is in use."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw_mocks.setup_rig import DEVICE, SetupRig
from provisioning.places import COMMISSIONED, SETUP_REQUEST
from provisioning.reset_request import ON_DEVICE, device_in
from tests.provisioning.setting_up import Installer


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SetupRig]:
    with SetupRig(tmp_path) as made:
        yield made


def hold_button(rig: SetupRig) -> None:
    """On a device that is in use."""
    (rig.configuration / COMMISSIONED).write_text("a record")
    (rig.run / SETUP_REQUEST).write_text("the button was held\n")


def test_a_device_that_is_being_set_up_offers_no_reset(rig: SetupRig) -> None:
    installer = Installer(rig).open()
    assert installer.state()["reset"] is None
    assert installer.refused("/api/reset", device=DEVICE)["code"] == "reset-needs-button"
    (rig.configuration / COMMISSIONED).write_text("a record")
    assert installer.refused("/api/reset", device=DEVICE)["code"] == "reset-needs-button"
    assert not (rig.configuration / ON_DEVICE).exists()


def test_without_the_code_nobody_asks_for_a_reset(rig: SetupRig) -> None:
    hold_button(rig)
    assert Installer(rig).refused("/api/reset", device=DEVICE)["code"] == "code-needed"
    assert not (rig.configuration / ON_DEVICE).exists()


def test_the_devices_own_number_asks_for_it_and_another_does_not(rig: SetupRig) -> None:
    hold_button(rig)
    installer = Installer(rig).open()
    assert installer.state()["reset"] == {"asked": False}
    refused = installer.refused("/api/reset", device="stall-08")
    assert (refused["code"], refused["status"]) == ("reset-not-confirmed", 400)
    assert installer.refused("/api/reset")["code"] == "not-understood"
    assert installer.state()["reset"] == {"asked": False}
    installer.do("/api/reset", device=f" {DEVICE.upper()} ")
    path = rig.configuration / ON_DEVICE
    assert (device_in(path), stat.S_IMODE(path.stat().st_mode)) == (DEVICE, 0o600)
    assert installer.state()["reset"] == {"asked": True}


def test_whoever_asked_may_think_better_of_it(rig: SetupRig) -> None:
    hold_button(rig)
    installer = Installer(rig).open()
    installer.do("/api/reset", device=DEVICE)
    installer.do("/api/reset", device="")
    assert installer.state()["reset"] == {"asked": False}
    assert not (rig.configuration / ON_DEVICE).exists()
