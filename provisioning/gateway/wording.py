"""What people of the city read of an event in one line, in Korean and English."""

from collections.abc import Mapping

from agent.hazard_names import hazard_name
from agent.values import Why

STAGES: Mapping[str, Why] = {
    "prealarm": Why("주의", "warning"),
    "alarm": Why("경보", "alarm"),
    "cleared": Why("해제", "over"),
    "unreadable": Why("읽을 수 없음", "unreadable"),
}
EXERCISE = Why("[훈련]", "[Exercise]")
TEST = Why("[점검]", "[Test]")


def headline(hazard: str, stage: str, *, simulated: bool, inspection: bool) -> Why:
    """One line: hazard and stage, marked where nobody is in danger."""
    name, step = hazard_name(hazard), STAGES.get(stage) or Why(stage, stage)
    line = Why(f"{name.ko} {step.ko}", f"{name.en}: {step.en}")
    if not (simulated or inspection):
        return line
    mark = EXERCISE if simulated else TEST
    return Why(f"{mark.ko} {line.ko}", f"{mark.en} {line.en}")
