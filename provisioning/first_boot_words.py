"""What people read when a card's seed cannot be taken, or not all of it is well."""

from provisioning.remedy import Failure, Words, failure_of

# code: what in Korean and English, remedy in Korean and English
WORDS: Words = {
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
        "카드에 다른 기기의 정보가 들어 있습니다. 이 기기는 처음 이름 그대로 계속 일합니다.",
        "The card holds another device's data. This device goes on under its own name.",
        "라벨과 카드의 기기 이름을 비교해 주세요. 다르면 노트북에서 카드를 처음부터 다시 만드세요.",
        "Compare the names on label and card. If they differ, make the whole card anew.",
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
    "was-reset": (
        "이 기기는 초기화되었습니다. 사람들의 자료는 모두 지웠고, 이제 아무것도 지키지 않습니다.",
        "This device was reset. All that people left is erased, and it guards nothing now.",
        (
            "다시 쓰려면 노트북에서 batch --remake --new-label 과 flash 로 카드와 라벨을 새로 "
            "만들어 주세요."
        ),
        (
            "To use it again, make card and label anew on the laptop: batch --remake with "
            "--new-label, then flash."
        ),
    ),
    "reset-traces": (
        "초기화했지만 카드에 흔적이 남았습니다.",
        "The device was reset, but traces are left on its card.",
        "전원을 끄고, 카드를 잘라서 버린 뒤 새 카드를 쓰세요.",
        "Switch off, cut the card up, and use a new one.",
    ),
    "reset-of-another": (
        "초기화 요청이 이 기기의 것이 아닙니다. 아무것도 지우지 않았습니다.",
        "The request to reset is not for this device. Nothing was erased.",
        (
            "라벨의 기기 이름을 확인하고, 노트북에서 haetae-provision factory-reset --card 를 "
            "다시 실행해 주세요."
        ),
        (
            "Check the name on the device's label, and run haetae-provision factory-reset --card "
            "on the laptop again."
        ),
    ),
    "reset-card-unwritable": (
        "카드에 쓸 수 없어 초기화를 시작하지 않았습니다. 아무것도 지우지 않았습니다.",
        "The card cannot be written, so the reset was not begun. Nothing was erased.",
        "전원을 끄고, 카드를 잘라서 버린 뒤 새 카드를 쓰세요.",
        "Switch off, cut the card up, and use a new one.",
    ),
    "reset-unfinished": (
        "초기화를 끝내지 못했습니다. 카드가 고장 났을 수 있습니다.",
        "The reset did not come to its end. The card may be broken.",
        "전원을 뽑았다가 다시 꽂아 주세요. 또 그러면 카드를 잘라서 버리고 새 카드를 쓰세요.",
        "Pull the plug and put it back. If it happens again, cut the card up and use a new one.",
    ),
}


def failure(code: str, detail: str = "") -> Failure:
    """The failure of that code, with what only whoever is called for help needs."""
    return failure_of(WORDS, code, detail)
