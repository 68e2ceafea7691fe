"""What the page asks for again and again must never stand in the way of what goes on meanwhile."""

import threading
from pathlib import Path

from hw_mocks.setup_rig import SetupRig
from provisioning.setup_page.draft import Trial


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
