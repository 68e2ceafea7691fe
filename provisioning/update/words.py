"""What people read when a release is refused, or cannot be fetched or made."""

from provisioning.remedy import Failure, ProvisioningError, Words, failure_of

_GOES_ON = (
    "할 일이 없습니다. 기기는 지금 판으로 계속 감시하고, 다음 번에 다시 시도합니다.",
    "There is nothing to do: the device watches on with what it has, and tries again next time.",
)
_MAINTAINER = (
    "기기는 지금 판으로 계속 감시합니다. 판을 낸 곳(관제 사무실)에 이 번호를 알려 주세요.",
    "The device watches on with what it has. Tell whoever makes releases (the city's office).",
)

# code: what in Korean and English, remedy in Korean and English
WORDS: Words = {
    "release-damaged": (
        "업데이트 파일이 깨졌거나 온전하지 않습니다. 설치하지 않았습니다.",
        "The update's file is damaged or not whole. Nothing of it was installed.",
        "파일을 다시 받아 주세요. 기기가 받은 것이면 저절로 다시 받습니다.",
        "Fetch the file again. Where the device has fetched it, it does so by itself.",
    ),
    "release-untrusted": (
        "업데이트의 서명을 믿을 수 없습니다. 설치하지 않았습니다.",
        "The update is not signed by anybody who may. Nothing of it was installed.",
        *_MAINTAINER,
    ),
    "signer-expired": (
        "업데이트에 서명한 인증서의 기한이 맞지 않습니다. 설치하지 않았습니다.",
        "The certificate that signed the update was not valid then. Nothing was installed.",
        *_MAINTAINER,
    ),
    "release-unusable": (
        "서명은 맞지만 이 기기가 쓸 수 있는 업데이트가 아닙니다. 설치하지 않았습니다.",
        "It is signed, but no update that this software can use. Nothing was installed.",
        *_MAINTAINER,
    ),
    "catalogue-older": (
        "서버의 판 목록이 전에 본 것보다 오래되었습니다. 쓰지 않았습니다.",
        "The server's list of releases is older than one seen before. It was not used.",
        *_MAINTAINER,
    ),
    "catalogue-expired": (
        "서버의 판 목록의 기한이 지났습니다. 쓰지 않았습니다.",
        "The server's list of releases has expired. It was not used.",
        *_MAINTAINER,
    ),
    "update-other-board": (
        "다른 보드를 위한 업데이트입니다. 설치하지 않았습니다.",
        "This update is for another board. It was not installed.",
        "기기의 보드에 맞는 업데이트를 골라 주세요.",
        "Choose the update for this device's board.",
    ),
    "update-other-profile": (
        "다른 쓰임의 기기를 위한 업데이트입니다. 설치하지 않았습니다.",
        "This update is for devices with another purpose. It was not installed.",
        "기기의 쓰임에 맞는 업데이트를 골라 주세요.",
        "Choose an update for this device's profile.",
    ),
    "update-other-base": (
        "이 업데이트는 다른 시스템 위에서 돌아갑니다. 설치하지 않았습니다.",
        "This update runs on another system than the one installed. It was not installed.",
        "시스템 업데이트를 먼저 설치해 주세요.",
        "Install the system update first.",
    ),
    "update-not-newer": (
        "지금 판보다 새롭지 않은 업데이트입니다. 설치하지 않았습니다.",
        "This update is not newer than what is installed. It was not installed.",
        "더 새로운 판을 고르거나, 되돌리려면 haetae-update rollback 을 쓰세요.",
        "Choose a newer one; to go back, use haetae-update rollback.",
    ),
    "update-needs-another": (
        "이 업데이트 전에 다른 업데이트가 먼저 있어야 합니다.",
        "Another update has to be installed before this one.",
        "아래에 적힌 판을 먼저 설치해 주세요. 서버에 있으면 기기가 저절로 차례대로 합니다.",
        "Install the one named below first. If the server has it, the device does so by itself.",
    ),
    "update-too-early": (
        "아직 내보낼 때가 되지 않은 업데이트입니다.",
        "This update is not to be installed yet.",
        *_GOES_ON,
    ),
    "update-failed-before": (
        "이 업데이트는 이 기기에서 시험에 떨어져 되돌린 적이 있습니다.",
        "This update was tried on this device before, failed, and was taken back.",
        "새 판이 나오기를 기다려 주세요. 까닭은 haetae-update status 에 있습니다.",
        "Wait for a newer one. The reason is in haetae-update status.",
    ),
    "update-unreachable": (
        "업데이트 서버에 연결할 수 없습니다.",
        "The update server cannot be reached.",
        *_GOES_ON,
    ),
    "update-server-untrusted": (
        "연결된 곳이 우리 업데이트 서버가 아닙니다. 아무것도 받지 않았습니다.",
        "Who answers is not our update server. Nothing was fetched.",
        "가게의 인터넷을 봐 주세요. 맞으면 관제 사무실에 알려 주세요. 감시는 계속합니다.",
        "Look at the network on site; if it is right, tell the office. The device watches on.",
    ),
    "update-server-refused": (
        "업데이트 서버가 파일을 주지 않았습니다.",
        "The update server did not give the file.",
        *_MAINTAINER,
    ),
    "update-moved": (
        "업데이트 서버가 다른 주소로 보냈습니다. 따라가지 않았습니다.",
        "The update server pointed elsewhere. The device did not follow.",
        *_MAINTAINER,
    ),
    "update-slow": (
        "연결이 너무 느려서 받기를 멈췄습니다. 받은 데까지 두었다가 이어 받습니다.",
        "The link is too slow: fetching has stopped, and goes on from there next time.",
        *_GOES_ON,
    ),
    "update-interrupted": (
        "받다가 끊겼습니다. 받은 데까지 두었다가 이어 받습니다.",
        "Fetching was cut off, and goes on from there next time.",
        *_GOES_ON,
    ),
    "update-changed": (
        "받은 파일이 목록과 달라서 버렸습니다.",
        "What was fetched is not what the list says. It was thrown away.",
        *_MAINTAINER,
    ),
    "update-no-room": (
        "기기에 업데이트를 받을 자리가 없습니다. 경보를 적을 자리는 남겨 두었습니다.",
        "There is no room for the update on the device. Room for alarms is kept.",
        "기기를 껐다 켜 주세요. 그래도 같으면 새 카드를 사무실에서 받아 주세요.",
        "Switch the device off and on. If it is so again, get a new card from the office.",
    ),
    "roots-unusable": (
        "누가 업데이트에 서명해도 되는지 적은 파일이 없거나 깨졌습니다.",
        "The file that says who may sign updates is missing or damaged.",
        "기기는 계속 감시하지만 업데이트는 받지 않습니다. 새 카드를 사무실에서 받아 주세요.",
        "The device watches on, and takes no updates. Get a new card from the office.",
    ),
    "roots-refused": (
        "새 서명 열쇠를 지금까지의 열쇠가 보증하지 않습니다. 열쇠를 바꾸지 않았습니다.",
        "The new release keys are not vouched for by those of today. Nothing was changed.",
        *_MAINTAINER,
    ),
    "release-files": (
        "판을 만드는 데 필요한 파일을 쓸 수 없습니다.",
        "A file that a release is made of or kept in cannot be used.",
        "아래에 적힌 파일을 확인해 주세요.",
        "Look at the file that is named below.",
    ),
    "release-not-built": (
        "판을 만들지 못했습니다.",
        "The release could not be built.",
        "아래에 적힌 프로그램의 말을 보고 고친 뒤 다시 해 주세요.",
        "Mend what the program named below says, and do it again.",
    ),
}


def failure(code: str, detail: str = "") -> Failure:
    """The failure of that code."""
    return failure_of(WORDS, code, detail)


def error(code: str, detail: str = "") -> ProvisioningError:
    """The same, to be raised."""
    return ProvisioningError(failure(code, detail))
