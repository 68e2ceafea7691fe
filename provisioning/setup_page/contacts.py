"""The people to call, and when somebody last saw that the number is right."""

import logging
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.values import Why
from provisioning.places import CONTACTS
from provisioning.remedy import Failure
from provisioning.setup_page.files import put
from provisioning.setup_page.refusals import RefusedError
from provisioning.setup_page.typed import one_line

log = logging.getLogger(__name__)

MOST = 8
_FEWEST_DIGITS = 3  # 119 is a number, too
_PHONE = re.compile(r"\+?[0-9(][0-9 ()-]{1,30}\Z")


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody to call; `last_confirmed` is a date (ISO 8601)."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    phone: Annotated[str, Meta(min_length=3, max_length=32)]
    last_confirmed: date
    relation: Annotated[str, Meta(max_length=80)] = ""


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, and what the page sends."""

    contacts: Annotated[list[Contact], Meta(max_length=MOST)]


def load(configuration: Path) -> list[Contact]:
    """Who is known; nobody where the file is missing or damaged."""
    path = configuration / CONTACTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Contacts).contacts
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        log.warning("%s: %s", path, error)
        return []


def keep(configuration: Path, found: Contacts, today: date | None) -> None:
    """Keep them, readable by the agent's user alone.

    `today` is the device's day in UTC; None where nobody vouches for its clock: no date is held
    against that.

    Raises:
        RefusedError: A number or a name is none, or a date has not come yet.
        OSError: The disk is full, read-only or broken.
    """
    for each in found.contacts:
        digits = sum(sign.isdigit() for sign in each.phone)
        if digits < _FEWEST_DIGITS or _PHONE.match(each.phone) is None:
            raise RefusedError(_PHONE_WRONG, 400)
        if today is not None and each.last_confirmed > today + timedelta(days=1):  # east of UTC
            raise RefusedError(_DATE_WRONG, 400)
    people = [
        msgspec.structs.replace(
            each,
            name=one_line(each.name),
            relation=one_line(each.relation) if each.relation.strip() else "",
        )
        for each in found.contacts
    ]
    put(configuration / CONTACTS, msgspec.json.encode(Contacts(people)))


_PHONE_WRONG = Failure(
    "phone-wrong",
    Why("전화번호가 아닌 것이 있어요.", "One of these is no telephone number."),
    Why(
        "숫자로 다시 적어 주세요. 예: 010-1234-5678", "Please write it in digits, as 010-1234-5678."
    ),
)
_DATE_WRONG = Failure(
    "date-wrong",
    Why("확인한 날짜가 아직 오지 않은 날이에요.", "The day of confirmation has not come yet."),
    Why(
        "전화해서 확인한 날짜로 고쳐 주세요.", "Please enter the day on which the number was tried."
    ),
)
