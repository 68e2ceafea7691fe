"""What an hour was is an event like any other, and an alert to nobody."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.values import HOURLY, Hazard, Stage
from provisioning.gateway.cap import CapOutput
from provisioning.gateway.ngsi_ld import NgsiLdOutput
from provisioning.gateway.onem2m import OneM2MOutput
from tests.provisioning.telling import event, remembered

if TYPE_CHECKING:
    from provisioning.gateway.told import Output


class Line:
    """A broker that nobody publishes at here."""

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        raise AssertionError(topic)


@pytest.mark.parametrize("hazard", [Hazard.AIR, Hazard.CLIMATE, Hazard.NOISE])
def test_an_hour_is_data_and_no_alert(hazard: Hazard, tmp_path: Path) -> None:
    hour = event(hazard, Stage.CLEARED, subject=HOURLY, rule=HOURLY)
    (told,) = remembered(tmp_path, hour)
    alerts: list[Output] = [
        CapOutput("haetae@city.example", "cap", None, Line()),
        NgsiLdOutput(None, "ngsi", Line()),
    ]
    assert [each.parcels(told) for each in alerts] == [[], []]
    assert len(OneM2MOutput("ae", "cse", "container", Line(), answer_s=1.0).parcels(told)) == 1


def test_the_end_of_an_incident_is_an_alert_still(tmp_path: Path) -> None:
    (_, told) = remembered(
        tmp_path,
        event(Hazard.AIR, Stage.PREALARM, seq=41, rule="hourly_mean", id="air-41"),
        event(Hazard.AIR, Stage.CLEARED, rule="hourly_mean", id="air-42"),
    )
    assert len(CapOutput("haetae@city.example", "cap", None, Line()).parcels(told)) == 1
