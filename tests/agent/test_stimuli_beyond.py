"""What says more than its stimulus explains is believed; again and again it is a fault."""

from pathlib import Path

from agent.values import Stage
from tests.agent.provoked import CHAMBER, DAY_S, NOON, faults, house, warmed


def test_what_has_alarmed_by_its_test_is_not_tried_again_at_once(tmp_path: Path) -> None:
    with house(tmp_path, CHAMBER) as found:
        warmed(found)
        found.until_provoked("chamber")
        found.bench.parts["chamber"].smoke_pct_per_m = 60.0
        found.live(20.0)
        found.bench.parts["chamber"].smoke_pct_per_m = 0.0
        found.live(3600.0)
        assert [each["outcome"] for each in found.notes] == ["beyond"]


def test_a_stimulus_that_is_too_strong_each_time_is_told_and_not_tried_more_often(
    tmp_path: Path,
) -> None:
    with house(tmp_path, CHAMBER) as found:
        warmed(found)
        for week in range(2):
            assert faults(found, "chamber") == []
            found.know_the_time(NOON + 7 * week * DAY_S)
            found.until_provoked("chamber")
            found.bench.parts["chamber"].smoke_pct_per_m = 60.0
            found.live(20.0)
            found.bench.parts["chamber"].smoke_pct_per_m = 0.0
            found.live(900.0)
            if not week:
                found.stimuli.write()
                found.stimuli = found.begun()  # it is known after a restart
        assert [each["outcome"] for each in found.notes] == ["beyond", "beyond"]
        assert faults(found, "chamber") == [Stage.ALARM]
        found.know_the_time(NOON + 8 * DAY_S)
        found.live(900.0)
        assert len(found.notes) == 2, "what failed otherwise is tried on the next day"
        found.know_the_time(NOON + 14 * DAY_S)
        assert found.until_over("chamber")["outcome"] == "answered"
        found.live(1.0)
        assert faults(found, "chamber") == [Stage.ALARM, Stage.CLEARED]
