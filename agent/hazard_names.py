"""What people call a hazard, in Korean and English."""

from collections.abc import Mapping

from agent.values import Hazard, Why

HAZARDS: Mapping[str, Why] = {
    Hazard.FIRE: Why("화재", "Fire"),
    Hazard.CO: Why("일산화탄소", "Carbon monoxide"),
    Hazard.GAS: Why("가스 누출", "Gas leak"),
    Hazard.FALL: Why("넘어짐", "Fall"),
    Hazard.SOS: Why("도움 요청", "Call for help"),
    Hazard.INACTIVITY: Why("오랫동안 움직임 없음", "No sign of life"),
    Hazard.WANDERING: Why("집을 나감", "Wandering"),
    Hazard.NOISE: Why("층간소음", "Noise"),
    Hazard.NEIGHBOUR_ALARM: Why("이웃 경보기 울림", "Alarm next door"),
    Hazard.INTRUSION: Why("침입", "Intrusion"),
    Hazard.CLIMATE: Why("더위와 추위", "Heat or cold"),
    Hazard.AIR: Why("실내 공기", "Indoor air"),
    Hazard.WATER: Why("누수", "Water leak"),
    Hazard.TAMPER: Why("기기 훼손", "Tampering"),
    Hazard.FAULT: Why("기기 고장", "Device fault"),
    Hazard.POWER: Why("기기 전원", "Device power"),
}


def hazard_name(hazard: str) -> Why:
    """The hazard's name; one that is not known keeps its own word."""
    return HAZARDS.get(hazard) or Why(hazard, hazard)
