"""Who the device is at the hub: its certificate, and nothing else."""

import pytest

from tests.hil.device import wait
from tests.hil.rigs.rig import Capability, CommandError, Rig, needs

pytestmark = needs(Capability.HUB)


def test_the_hub_knows_the_device_by_its_certificates_name(rig: Rig) -> None:
    assert f"u'{rig.hub.device}'" in rig.hub.log()


def test_what_the_device_says_of_itself_comes_without_being_asked(rig: Rig) -> None:
    beats = len(rig.hub.states())
    wait(lambda: len(rig.hub.states()) > beats, 30, "a heartbeat")
    assert rig.hub.states()[-1]["status"] == "online"


@needs(Capability.ROOT)
def test_the_key_is_for_the_agent_alone(rig: Rig) -> None:
    key = rig.hub.key_on_device
    assert rig.run(f"stat --format=%a {key}").strip() == "600"
    assert rig.run(f"stat --format=%a $(dirname {key})").strip() == "700"
    with pytest.raises(CommandError):
        rig.run(f"setpriv --reuid=nobody --clear-groups head -c 1 {key}")
