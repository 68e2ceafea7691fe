"""What the page asks for again and again: it stands in nobody's way, and names what people see."""

import threading
import tomllib
from pathlib import Path

import msgspec

from agent.sections import Config
from hw_mocks.setup_rig import SetupRig
from provisioning.setup_page.draft import Trial
from provisioning.setup_page.profiles import profiles
from provisioning.setup_page.words import label_of


def test_the_state_is_asked_for_while_a_trial_ends(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        what = rig.installation
        assert what is not None
        what.choose("safe-return")
        with what.trials._lock:  # as when a trial ends, and has not yet been kept
            asking = threading.Thread(target=what.state)
            asking.start()
            asking.join(0.5)
            assert asking.is_alive()
            keeping = threading.Thread(target=what.keep_trial, args=("sos", Trial(state="passed")))
            keeping.start()
            keeping.join(10)
            assert not keeping.is_alive(), "each waits for the other"
        asking.join(10)
        assert not asking.is_alive()


def test_each_sensor_of_a_profile_has_a_name_of_its_own_that_is_no_key() -> None:
    for profile in profiles().values():
        config = msgspec.convert(tomllib.loads(profile.text), Config)
        config = msgspec.structs.replace(config, sensors=profile.sensors())
        labels = [label_of(each, config) for each in config.sensors]
        for words in ([each.ko for each in labels], [each.en for each in labels]):
            assert len(set(words)) == len(words), profile.name
            assert not any("_" in each for each in words)
