"""The wiring of a profile as the setup page shows it: made when it is asked for."""

from provisioning.profile_file import decoded
from provisioning.setup_page.profiles import Profile
from provisioning.wiring import plan
from provisioning.wiring_phone import phone_picture

_FOLDER, _END = "/wiring/", ".svg"


def place_of(profile: str) -> str:
    """The path under which the page finds a profile's wiring."""
    return f"{_FOLDER}{profile}{_END}"


def name_at(path: str) -> str:
    """The profile whose wiring lies at a path; '' where that is no such place."""
    is_there = path.startswith(_FOLDER) and path.endswith(_END)
    return path[len(_FOLDER) : -len(_END)] if is_there else ""


def picture_of(profile: Profile) -> bytes:
    """The picture for a phone, as SVG."""
    return phone_picture(plan(decoded(profile.text)), profile.title).encode()
