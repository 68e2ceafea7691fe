"""What the page says no to, in words for whoever stands before the device."""

import math
from collections.abc import Sequence

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError


class RefusedError(ProvisioningError):
    """A request that is not done; `status` is HTTP's, `wait_s` when it may be made again.

    `missing` are the steps without which it cannot be.
    """

    def __init__(
        self,
        failure: Failure,
        status: int = 409,
        wait_s: float = 0.0,
        missing: Sequence[str] = (),
    ) -> None:
        super().__init__(failure)
        self.status, self.wait_s, self.missing = status, wait_s, tuple(missing)


class TooManyTriesError(RefusedError):
    """Somebody tries codes."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(TOO_MANY_TRIES, 429, math.ceil(wait_s))


WRONG_CODE = Failure(
    "code-wrong",
    Why("설치 코드가 맞지 않아요.", "That is not the setup code."),
    Why(
        "기기에 붙은 라벨의 글자 12개를 다시 확인해 주세요. "
        "글자가 맞으면 다른 기기의 카드가 꽂혀 있을 수 있으니, 카드가 이 기기의 것인지 봐 주세요.",
        "Please check the 12 characters on the device's label. "
        "If they are right, the card in the device may be another one's: please look at the card.",
    ),
)
TOO_MANY_TRIES = Failure(
    "code-too-often",
    Why("코드를 너무 여러 번 넣었어요.", "The code was tried too many times."),
    Why("1분쯤 기다렸다가 다시 해 주세요.", "Please wait for a minute, and try again."),
)
TOO_MANY_PAGES = Failure(
    "too-many-pages",
    Why("이 화면이 너무 여러 곳에서 열려 있어요.", "The page is open in too many places."),
    Why(
        "다른 휴대전화의 화면을 닫고 30분 뒤에 다시 해 주세요.",
        "Close the others, and try again in half an hour.",
    ),
)
NO_SESSION = Failure(
    "code-needed",
    Why("설치 코드를 넣어야 해요.", "The setup code is needed."),
    Why("기기에 붙은 라벨의 코드를 넣어 주세요.", "Please enter the code on the device's label."),
)
NOT_UNDERSTOOD = Failure(
    "not-understood",
    Why("기기가 알아듣지 못했어요.", "The device did not understand that."),
    Why("화면을 새로 고치고 다시 해 주세요.", "Please reload the page, and try again."),
)
NOT_HERE = Failure(
    "not-here",
    Why("그런 화면은 없어요.", "There is no such page."),
    Why("첫 화면부터 다시 열어 주세요.", "Please begin at the first page."),
)
FOREIGN = Failure(
    "foreign-page",
    Why(
        "다른 화면에서 온 요청이라 받지 않았어요.",
        "This came from another page, and was not taken.",
    ),
    Why("라벨의 QR로 화면을 다시 열어 주세요.", "Please open the page by the label's QR code."),
)
AGENT_AWAY = Failure(
    "agent-away",
    Why("기기의 감시 프로그램이 아직 답하지 않아요.", "The device's watch does not answer yet."),
    Why(
        "1분쯤 기다려 주세요. 그래도 안 되면 전원을 뽑았다가 다시 꽂아 주세요.",
        "Please wait for a minute. If it stays so, pull the plug and put it back.",
    ),
)
NO_PROFILE = Failure(
    "no-profile",
    Why("기기의 쓰임을 아직 고르지 않았어요.", "What the device is for has not been chosen yet."),
    Why("쓰임을 먼저 골라 주세요.", "Please choose that first."),
)
DISK = Failure(
    "disk-full",
    Why("기기의 카드에 쓸 수 없어요.", "The device's card cannot be written."),
    Why(
        "카드를 새 카드로 바꾸고 다시 설치해 주세요.", "Please put in a new card, and begin again."
    ),
)
NO_CALL = Failure(
    "no-call",
    Why("이 단추로 부른 것이 없어요.", "No call by this button is open."),
    Why("단추에서 손을 떼고 다시 해 주세요.", "Let go of the button, and try again."),
)
COMMISSIONED = Failure(
    "already-commissioned",
    Why("이 기기는 설치를 마쳤어요.", "This device has been set up."),
    Why(
        "고치려면 기기의 버튼을 5초 동안 누르고 화면을 다시 열어 주세요.",
        "To change it, hold the device's button for 5 seconds and open the page again.",
    ),
)
