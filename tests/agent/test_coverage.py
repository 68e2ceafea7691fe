"""What the device claims. Alive is not protected."""

import msgspec

from agent import config
from agent.cli import PROFILES
from agent.coverage import PROOF_LASTS_S, UNTRIED, Claim, Proof, coverage
from agent.detectors.sos import SosConfig
from agent.pipeline import Health, State
from agent.values import Hazard
from drivers import catalog

STALL = config.load(PROFILES / "market-stall.toml")
FIRE = ("ceiling", "box_heat", "smoke_alarm")
WHEN = "2026-11-21T12:00:00Z"
SOUND = Health(State.OK, "", ())
DEAD = Health(State.FAILING, "no answer", ())


def claims(
    *dead: str, proven: Hazard | None = None, now: float = 60.0, simulated: bool = False
) -> dict[str, Claim]:
    health = {each.name: DEAD if each.name in dead else SOUND for each in STALL.sensors}
    proofs = {proven: Proof(WHEN, 50.0)} if proven is not None else {}
    return coverage(STALL, health, proofs, now=now, simulated=simulated)


def test_what_nobody_tried_is_only_assumed() -> None:
    assert claims() == {hazard: Claim("assumed", UNTRIED) for hazard in ("fire", "co", "sos")}


def test_a_real_stimulus_proves_it_and_says_when() -> None:
    assert claims(proven=Hazard.SOS)["sos"] == Claim("proven", WHEN)


def test_a_proof_lasts_a_year() -> None:
    assert claims(proven=Hazard.CO, now=50 + PROOF_LASTS_S)["co"] == Claim("proven", WHEN)
    late = claims(proven=Hazard.CO, now=51 + PROOF_LASTS_S)["co"]
    assert late == Claim("assumed", f"not tried since {WHEN}")


def test_a_dead_channel_takes_the_proof_and_is_named() -> None:
    found = claims("ceiling", proven=Hazard.FIRE)
    assert found["fire"] == Claim("assumed", "ceiling: no answer")


def test_a_hazard_whose_last_channel_died_is_lost() -> None:
    found = claims(*FIRE)
    assert found["fire"].claim == "lost"
    assert all(name in found["fire"].why for name in FIRE)
    assert found["co"] == Claim("assumed", UNTRIED)


def test_supporting_channels_do_not_cover_a_hazard() -> None:
    assert claims(*FIRE)["fire"].claim == "lost"  # gas, particles and motion are alive


def test_the_hush_button_does_not_cover_calls_for_help() -> None:
    assert claims("sos")["sos"].claim == "lost"


def test_simulated_wires_never_claim_protection() -> None:
    found = claims("co", proven=Hazard.SOS, simulated=True)
    assert {each.claim for each in found.values()} == {"simulated", "lost"}


def test_a_part_that_feels_its_own_case_covers_nothing() -> None:
    table = {"driver": "mlx90614", "name": "spot"}
    only = [catalog.decode(table)]
    found = msgspec.structs.replace(STALL, sensors=only, sos=SosConfig())
    assert "fire" not in coverage(found, {"spot": SOUND}, {}, now=0.0, simulated=False)
