"""The page's last section, for whoever held the button of a device that is in use: erase it all.

The page has no right to erase. It leaves a request, and the next start does it as root.
"""

from typing import TYPE_CHECKING

from agent.values import Why
from provisioning import reset_request
from provisioning.places import COMMISSIONED, SETUP_REQUEST
from provisioning.remedy import Failure
from provisioning.setup_page.refusals import RefusedError

if TYPE_CHECKING:
    from provisioning.setup_page.installation import Installation

NEEDS_BUTTON = Failure(
    "reset-needs-button",
    Why("지금은 초기화할 수 없어요.", "The device cannot be reset now."),
    Why(
        "설치를 마친 기기의 단추를 5초 동안 누르고 이 화면을 다시 열어 주세요.",
        "On a device that has been set up, hold the button for 5 seconds and open this page again.",
    ),
)
OTHER_NAME = Failure(
    "reset-not-confirmed",
    Why(
        "기기 번호가 달라요. 아무것도 지우지 않아요.", "That is another number. Nothing is erased."
    ),
    Why(
        "이 화면의 위쪽에 있는 기기 번호를 그대로 적어 주세요.",
        "Please write the device number as it stands at the top of this page.",
    ),
)


def shown(what: "Installation") -> dict[str, bool] | None:
    """Whether the next start resets the device; None where this page cannot ask for it."""
    if not _may_be_asked(what):
        return None
    return {"asked": reset_request.is_asked_on_device(what.places.configuration)}


def ask(what: "Installation", typed: str) -> None:
    """Have the next start reset the device, by its name; by nothing: not, after all.

    Raises:
        RefusedError: Nobody held the button, or it is another name.
        OSError: The disk takes nothing.
    """
    if not _may_be_asked(what):
        raise RefusedError(NEEDS_BUTTON)
    if not typed:
        reset_request.withdraw(what.places.configuration)
        return
    if typed.strip().lower() != what.seed.device:
        raise RefusedError(OTHER_NAME, 400)
    reset_request.ask_on_device(what.places.configuration, what.seed.device)


def _may_be_asked(what: "Installation") -> bool:
    """Whether the device is in use, and somebody has held its button to open this page."""
    is_in_use = (what.places.configuration / COMMISSIONED).exists()
    return is_in_use and (what.places.run / SETUP_REQUEST).exists()
