"""What people read when an update cannot be installed on this device, or taken back."""

from provisioning.remedy import ProvisioningError, Words, failure_of
from provisioning.update import words

# code: what in Korean and English, remedy in Korean and English
WORDS: Words = {
    "update-nothing-before": (
        "되돌릴 이전 업데이트가 없습니다.",
        "There is no update before this one to go back to.",
        "지금 판이 말썽이면 관제 사무실에 알려 주세요. 새 카드를 받아 바꿀 수도 있습니다.",
        "If what runs gives trouble, tell the office; a new card is the other way.",
    ),
    "update-under-way": (
        "다른 업데이트를 하는 중입니다.",
        "Another update is being installed.",
        "끝날 때까지 기다려 주세요. haetae-update status 로 볼 수 있습니다.",
        "Wait until it is over; haetae-update status tells.",
    ),
    "update-given-up": (
        "이 업데이트는 세 번 받았지만 설치하지 못했습니다. 더 받지 않습니다.",
        "This update was fetched three times and could not be installed. It is not fetched again.",
        "기기는 계속 감시하고 새 판이 나오면 받습니다. 그것도 안 되면 새 카드를 받으세요.",
        "The device watches on, and takes a newer one. If that fails, too, get a new card.",
    ),
    "update-not-root": (
        "업데이트를 설치할 권한이 없습니다.",
        "Only root may install an update.",
        "sudo haetae-update 로 다시 실행해 주세요.",
        "Run it again with sudo.",
    ),
    "update-no-identity": (
        "기기의 신분증이 아직 없어서 업데이트 서버에 갈 수 없습니다.",
        "The device has no identity yet to show the update server.",
        "등록이 끝날 때까지 기다려 주세요. 그 뒤에 기기가 저절로 다시 시도합니다.",
        "Wait until it is enrolled: then it tries again by itself.",
    ),
    "update-no-server": (
        "이 기기의 설정에 업데이트 서버가 없습니다.",
        "This device's configuration names no update server.",
        "device.toml 의 [updates] 에 catalogue 주소를 적어 주세요.",
        "Name the catalogue's address under [updates] in device.toml.",
    ),
}


def error(code: str, detail: str = "") -> ProvisioningError:
    """The failure of that code, to be raised."""
    if code not in WORDS:
        return words.error(code, detail)
    return ProvisioningError(failure_of(WORDS, code, detail))
