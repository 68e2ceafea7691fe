"""What the ledger says was proven before, by the clock of this start."""

import pytest

from agent.coverage import PROOF_LASTS_S
from agent.ledger_past import Proven
from agent.records import device_signer, proofs
from agent.sections import HubConfig
from agent.signing import SigningError
from agent.values import Hazard
from agent.wallclock import WallTime

TODAY = WallTime("2026-11-22T05:00:00.000Z", 0.01, "ntp")


@pytest.mark.parametrize(
    ("then", "age_s"),
    [
        ("2026-11-22T04:00:00.000Z", 3600.0),
        ("2025-11-21T05:00:00.000Z", 366 * 86_400.0),
        ("2026-11-23T05:00:00.000Z", 0.0),  # the clock was wrong then, or is now
    ],
)
def test_a_proof_is_as_old_as_the_wall_clock_says(then: str, age_s: float) -> None:
    found = proofs({"fire": Proven(then, "smoke", "n0nce-123")}, now=50.0, wall=TODAY)
    proof = found[Hazard.FIRE]
    assert 50.0 - proof.at == age_s
    assert (50.0 - proof.at > PROOF_LASTS_S) == (age_s > 365 * 86_400)
    assert (proof.wall_time, proof.sensor, proof.nonce) == (then, "smoke", "n0nce-123")


def test_a_proof_that_nobody_could_check_says_so() -> None:
    told = Proven("2026-11-22T04:00:00.000Z", "smoke", "n0nce-123", unverified=True)
    found = proofs({"fire": told}, now=0.0, wall=TODAY)
    said = "2026-11-22T04:00:00.000Z by inspection of smoke, unverified"
    assert str(found[Hazard.FIRE]) == said


def test_what_another_version_wrote_is_passed_over() -> None:
    proven = {"meteor": Proven("2026-11-22T04:00:00.000Z"), "co": Proven("yesterday")}
    assert proofs(proven, now=0.0, wall=TODAY) == {}


def test_a_device_without_a_hub_has_no_key_and_one_with_tls_needs_it() -> None:
    assert device_signer(None) is None
    assert device_signer(HubConfig(host="localhost", tls=False, key="/nowhere/device.key")) is None
    with pytest.raises(SigningError, match=r"/nowhere/device\.key"):
        device_signer(HubConfig(host="hub.example", key="/nowhere/device.key"))
