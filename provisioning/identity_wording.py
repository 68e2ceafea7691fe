"""What people read when a device, an installer or an operator gets no answer, or a refusal."""

from provisioning.remedy import Failure, ProvisioningError, Words, failure_of

_OFFICE = ("관제 사무실에 전화해 주세요.", "Please call the city's office.")
_NEW_CARD = (
    "사무실에서 이 기기의 카드를 새로 받아 주세요.",
    "Please get a new card for this device from the office.",
)

# code: what in Korean and English, remedy in Korean and English
WORDS: Words = {
    "wrong-authority": (
        "연결된 곳이 우리 시의 인증 서버가 아닙니다. 기기는 아무것도 보내지 않았습니다.",
        "Who answers is not this city's authority. The device has sent it nothing.",
        "우리 시의 카드인지, 이 가게의 인터넷인지 봐 주세요. 둘 다 맞으면 사무실에 전화해 주세요.",
        "See that the card is this city's and the network this stall's. If so, call the office.",
    ),
    "authority-expired": (
        "인증 서버의 인증서 기한이 지났습니다.",
        "The authority's own certificate has expired.",
        "관제 사무실에 알려 주세요. 기기는 계속 화재를 감시합니다.",
        "Please tell the city's office. The device goes on watching for fire.",
    ),
    "clock-wrong": (
        "기기의 시계가 틀려서 인증 서버를 확인할 수 없습니다.",
        "The device's clock is wrong, so the authority cannot be checked.",
        "인터넷에 연결한 채로 10분쯤 기다려 주세요. 시계가 저절로 맞춰집니다.",
        "Leave it on the Internet for ten minutes: the clock is then set by itself.",
    ),
    "authority-unreachable": (
        "인증 서버에 연결할 수 없습니다.",
        "The authority cannot be reached.",
        "인터넷 선과 공유기를 확인해 주세요. 연결되면 기기가 저절로 다시 시도합니다.",
        "Check the network cable and the router. The device tries again by itself.",
    ),
    "authority-busy": (
        "인증 서버가 바쁩니다.",
        "The authority is busy.",
        "그대로 두세요. 기기가 저절로 다시 시도합니다.",
        "Leave it as it is: the device tries again by itself.",
    ),
    "authority-failed": (
        "인증 서버가 알 수 없는 답을 했습니다.",
        "The authority's answer makes no sense.",
        "기기가 저절로 다시 시도합니다. 내일도 이러면 관제 사무실에 전화해 주세요.",
        "The device tries again by itself. If it is so tomorrow, too, call the city's office.",
    ),
    "tls-refused": (
        "서버가 보안 연결을 거절했습니다.",
        "The secure connection was refused.",
        (
            "기기는 저절로 다시 시도합니다. 노트북에서는 잠시 뒤에 다시 해 주세요. "
            "내일도 이러면 관제 사무실에 전화해 주세요."
        ),
        (
            "A device tries again by itself; on a laptop, try again in a while. "
            "If it is so tomorrow, too, call the city's office."
        ),
    ),
    "claim-unknown": (
        "사무실이 아직 이 카드를 모릅니다.",
        "The office does not know this card yet.",
        "카드를 만든 노트북을 인터넷에 연결하고 haetae-provision sync를 실행해 주세요.",
        "Connect the laptop that made the card to the Internet and run haetae-provision sync.",
    ),
    "claim-expired": (
        "카드의 사용 기한이 지났습니다.",
        "The card was not used in time.",
        *_NEW_CARD,
    ),
    "claim-used": (
        "이 카드는 이미 다른 기기에 사용되었습니다.",
        "This card has been used already, by another device.",
        "사무실에 알리고, 새 카드를 받아 주세요. 카드를 복사해서 쓰면 안 됩니다.",
        "Tell the office and get a new card. A card must not be copied.",
    ),
    "claim-missing": (
        "카드에 등록 정보가 없습니다.",
        "The card holds nothing to enrol with.",
        *_NEW_CARD,
    ),
    "device-revoked": (
        "사무실에서 이 기기의 사용을 중지했습니다.",
        "The office has withdrawn this device.",
        "계속 사용해야 하면 관제 사무실에 전화해 새 카드를 받아 주세요.",
        "If it is to be used on, call the city's office and get a new card.",
    ),
    "certificate-expired": (
        "기기가 너무 오래 꺼져 있어서 인증서를 다시 받을 수 없습니다.",
        "The device was off for so long that its certificate cannot be renewed.",
        *_NEW_CARD,
    ),
    "certificate-refused": (
        "인증 서버가 이 기기의 인증서를 모릅니다.",
        "The authority does not know this certificate.",
        *_NEW_CARD,
    ),
    "request-refused": (
        "인증 서버가 이 기기의 신청을 거절했습니다.",
        "The authority has refused this device's request.",
        *_OFFICE,
    ),
    "too-many-requests": (
        "짧은 시간에 너무 여러 번 신청했습니다.",
        "The device has asked too often in a short time.",
        "그대로 두세요. 한 시간쯤 뒤에 저절로 다시 시도합니다.",
        "Leave it as it is: it tries again by itself in about an hour.",
    ),
    "quarantined": (
        "오래 꺼져 있던 기기라서 사무실의 확인을 기다립니다. 경보는 따로 표시되어 전달됩니다.",
        "The device was off for long and waits for the office. Its alarms go out, marked.",
        "관제 사무실에 전화해 이 기기를 확인해 달라고 말씀해 주세요.",
        "Call the city's office and ask them to release this device.",
    ),
    "not-quarantined": (
        "이 기기는 확인을 기다리고 있지 않습니다.",
        "This device does not wait to be released.",
        "기기 이름을 확인해 주세요.",
        "Check the device's name.",
    ),
    "device-unknown": (
        "이 이름의 기기가 없습니다.",
        "There is no device of this name.",
        "기기 이름을 확인해 주세요. haetae-ca status가 모든 이름을 보여 줍니다.",
        "Check the device's name; haetae-ca status lists them all.",
    ),
    "operator-refused": (
        "이 인증서로는 사무실 서버를 쓸 수 없습니다.",
        "This certificate does not open the office's server.",
        "인증 서버 관리자에게 담당자 인증서를 새로 받아 주세요.",
        "Get a new operator's certificate from whoever runs the authority.",
    ),
    "operator-key-unusable": (
        "담당자 인증서나 열쇠 파일을 읽을 수 없습니다.",
        "The operator's certificate or key cannot be read.",
        "파일의 위치를 확인하거나, 인증 서버 관리자에게 새로 받아 주세요.",
        "Check where the files are, or get new ones from whoever runs the authority.",
    ),
    "key-unusable": (
        "기기의 열쇠를 만들거나 읽을 수 없습니다.",
        "The device's key cannot be made or read.",
        "기기를 껐다 켜 주세요. 그래도 같으면 기기를 바꿔 주세요.",
        "Switch the device off and on. If it is so again, exchange the device.",
    ),
    "disk-full": (
        "기기의 저장 공간에 쓸 수 없습니다.",
        "The device's storage takes nothing any more.",
        "기기를 껐다 켜 주세요. 그래도 같으면 카드를 바꿔 주세요.",
        "Switch the device off and on. If it is so again, exchange the card.",
    ),
    "anchors-unusable": (
        "기기가 믿을 인증 기관의 정보가 깨져 있습니다.",
        "What the device knows of its authority is damaged.",
        *_NEW_CARD,
    ),
    "certificate-wrong": (
        "받은 인증서가 이 기기의 것이 아닙니다. 쓰지 않고 버렸습니다.",
        "The certificate that came is not this device's. It was not taken.",
        *_OFFICE,
    ),
    "passphrase-missing": (
        "열쇠의 암호가 없거나 너무 짧습니다.",
        "The key's passphrase is missing or too short.",
        "12자 이상의 암호를 정해 주세요.",
        "Choose one of twelve characters or more.",
    ),
    "authority-files": (
        "인증 서버의 파일을 쓸 수 없습니다.",
        "A file of the authority cannot be used.",
        "아래에 적힌 파일을 확인해 주세요.",
        "Look at the file that is named below.",
    ),
}


def failure(code: str, detail: str = "") -> Failure:
    """The failure of that code."""
    return failure_of(WORDS, code, detail)


def error(code: str, detail: str = "") -> ProvisioningError:
    """The same, to be raised."""
    return ProvisioningError(failure(code, detail))
