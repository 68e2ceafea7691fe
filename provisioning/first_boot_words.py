"""What people read when a card's seed cannot be taken, or not all of it is well."""

from agent.values import Why
from provisioning.remedy import Failure

# code: what in Korean and English, remedy in Korean and English
WORDS: dict[str, tuple[str, str, str, str]] = {
    "no-seed": (
        "카드에 이 기기의 정보가 아직 없습니다.",
        "The card does not yet say which device this is.",
        "전원을 끄고, 노트북에서 haetae-provision flash로 카드를 만들어 다시 꽂아 주세요.",
        "Switch off, make the card on the laptop with haetae-provision flash, and put it back.",
    ),
    "seed-damaged": (
        "카드에 있는 이 기기의 정보가 깨져 있습니다.",
        "The card's device data is damaged.",
        "노트북에서 카드를 다시 만들어 주세요.",
        "Please make the card again on the laptop.",
    ),
    "card-of-another": (
        "다른 기기의 카드 정보입니다. 이 기기는 처음 등록한 이름으로 계속 일합니다.",
        "The card's data is another device's. This device goes on under its own name.",
        "이 기기의 카드가 맞는지 확인하고, 기기를 바꾸려면 카드를 처음부터 다시 만들어 주세요.",
        "Check whose card this is; to make it another device, write the whole card anew.",
    ),
    "card-read-only": (
        "카드에서 등록 정보를 지우지 못했습니다.",
        "What the device was enrolled with could not be wiped from the card.",
        "기기는 쓸 수 있습니다. 카드가 상했을 수 있으니 다음 방문 때 새 카드로 바꿔 주세요.",
        "The device can be used. The card may be failing: put in a new one at the next visit.",
    ),
    "storage-full": (
        "카드의 저장 공간이 가득 찼거나 고장 났습니다.",
        "The card's storage is full, or broken.",
        "새 카드로 바꿔 주세요.",
        "Please put in a new card.",
    ),
}


def failure(code: str, detail: str = "") -> Failure:
    """The failure of that code, with what only whoever is called for help needs."""
    ko, en, remedy_ko, remedy_en = WORDS[code]
    return Failure(code, Why(ko, en), Why(remedy_ko, remedy_en), detail)
