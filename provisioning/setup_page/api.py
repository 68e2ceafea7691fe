"""What the page may ask and do: one function a path. No HTTP here; a refusal is an error.

GET  /api/state      everything the page shows            GET  /record       the signed record
GET  /api/outline    ?camera=NAME: 24 rows of 32 signs    GET  /certificate  one sheet to print
POST /api/place      {"ko", "en"}                         POST /api/profile  {"name"}
POST /api/try        {"sensor"}                           POST /api/skip     {"sensor", "reason"}
POST /api/zones      {"zones": {camera: [{"name", "points"}]}}
POST /api/noise      {} the quiet, then, with a meter: {"reference_db", "reference"}
POST /api/baseline   {"sensor", "heated_h"}               POST /api/network  {}
POST /api/contacts   {"contacts": [{"name", "phone", "relation", "last_confirmed"}]}
POST /api/identify   {}                                   POST /api/mistake  {"sensor"}
POST /api/commission {"installer", "consents"}
POST /api/reset      {"device"}: its own name; empty: not, after all
"""

import logging
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from agent.sections import SensorName
from agent.values import FailureKind, Why
from drivers.camera import Zone
from drivers.outline import COLUMNS
from provisioning.places import COMMISSIONED as SIGNED
from provisioning.remedy import Failure
from provisioning.setup_page import contacts, network, noise, outline, record, reset, steps, trials
from provisioning.setup_page.draft import Network
from provisioning.setup_page.installation import Installation
from provisioning.setup_page.refusals import (
    COMMISSIONED,
    DISK,
    NO_CALL,
    NO_PROFILE,
    NOT_UNDERSTOOD,
    RefusedError,
)
from provisioning.setup_page.typed import one_line
from provisioning.setup_page.words import FAILURES

log = logging.getLogger(__name__)

Asked = TypeVar("Asked", bound=msgspec.Struct)
Short = Annotated[str, Meta(min_length=1, max_length=200)]
_NOISE_WITHIN_S = 60.0
_AFTERWARDS = frozenset({"/api/commission", "/api/identify"})


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends: a key that is not listed is an error."""


class Nothing(Question, frozen=True):
    """An empty object."""


class Place(Question, frozen=True):
    """Where the device stands, in words."""

    ko: Short
    en: Short


class Choice(Question, frozen=True):
    """A profile."""

    name: Annotated[str, Meta(max_length=48)]


class Sensor(Question, frozen=True):
    """One of the sensors."""

    sensor: SensorName


class Skip(Question, frozen=True):
    """A sensor that is left out, and why."""

    sensor: SensorName
    reason: Short


class Zones(Question, frozen=True):
    """Where people lie down on purpose, by camera."""

    zones: dict[SensorName, Annotated[list[Zone], Meta(max_length=8)]]


class Sound(Question, frozen=True):
    """What a reference meter shows now, in dB, and which it is; nothing: the quiet is measured."""

    reference_db: Annotated[float, Meta(ge=20, le=130)] | None = None
    reference: Short = "reference meter"


class Baseline(Question, frozen=True):
    """A part to measure in clean air, and for how many hours it has been heated."""

    sensor: SensorName
    heated_h: Annotated[float, Meta(ge=0, le=100_000)] = 0.0


class Commission(Question, frozen=True):
    """Who installed it, and what was agreed to."""

    installer: Annotated[str, Meta(min_length=1, max_length=64)]
    consents: Annotated[list[Literal["contacts"]], Meta(max_length=8)] = []


class Reset(Question, frozen=True):
    """The device that is to be reset, as somebody has typed it."""

    device: Annotated[str, Meta(max_length=64)]


def post(what: Installation, path: str, body: bytes) -> object:
    """Do what is asked at a path.

    Raises:
        RefusedError: It cannot be done, and why.
        KeyError: There is no such path.
    """
    do = POSTS[path]
    if what.finished.is_set() and path not in _AFTERWARDS:
        raise RefusedError(COMMISSIONED)  # what was signed would not be so any more
    try:
        return do(what, body) or {}
    except OSError as error:
        log.error("setup: %s: %s", path, error)  # noqa: TRY400  # no traceback
        raise RefusedError(DISK, 507) from None


def _asked(body: bytes, kind: type[Asked]) -> Asked:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (ValueError, RecursionError):
        raise RefusedError(NOT_UNDERSTOOD, 400) from None


def _place(what: Installation, body: bytes) -> None:
    asked = _asked(body, Place)
    with what.lock:
        what.draft.place = Why(one_line(asked.ko), one_line(asked.en))
        what.keep()


def _profile(what: Installation, body: bytes) -> None:
    what.choose(_asked(body, Choice).name)


def _try(what: Installation, body: bytes) -> None:
    what.trials.begin(what.config, _asked(body, Sensor).sensor, what.status())


def _mistake(what: Installation, body: bytes) -> None:
    """Whoever stands here pressed a button by mistake; never on a device that is in use."""
    sensor = _asked(body, Sensor).sensor
    if what.finished.is_set() or (what.places.configuration / SIGNED).exists():
        raise RefusedError(COMMISSIONED)
    if what.link.ask(mistaken=sensor).get("result") == "refused":
        raise RefusedError(NO_CALL)
    with what.lock:
        what.draft.trials.pop(sensor, None)
        what.keep()


def _skip(what: Installation, body: bytes) -> None:
    asked = _asked(body, Skip)
    if what.config is None or asked.sensor not in {each.name for each in what.config.sensors}:
        raise RefusedError(NOT_UNDERSTOOD, 400)
    reason = one_line(asked.reason)
    running = what.trials.running()
    if running is not None and running[0] == asked.sensor:
        what.trials.cancel()
    with what.lock:
        what.draft.trials[asked.sensor] = trials.skipped(reason, what.stamp())
        what.keep()


def _zones(what: Installation, body: bytes) -> None:
    asked, cameras = _asked(body, Zones), set(what.has("camera"))
    if not cameras:
        raise RefusedError(NO_PROFILE)
    if set(asked.zones) != cameras:
        raise RefusedError(NOT_UNDERSTOOD, 400)
    with what.lock:
        before = what.draft.zones
        what.draft.zones = asked.zones
        try:
            what.write()
        except RefusedError:
            what.draft.zones = before
            raise
        what.keep()


def _noise(what: Installation, body: bytes) -> None:
    asked = _asked(body, Sound)
    found = noise.microphone(what.config)
    if found is None:
        raise noise.new_failure("no-microphone")
    if asked.reference_db is None:
        what.status_or_refuse()
        _refuse_muted(what, found[0])
        what.noise.begin(*found)
        return
    quiet, measured = what.noise.quiet, what.draft.noise
    if measured is None or measured.state != "passed" or not quiet:
        raise noise.new_failure("noise-first")
    what.noise.begin(*found, noise.reference_s())
    heard = what.noise.wait(_NOISE_WITHIN_S)
    made = noise.calibrate(
        what.places.state, measured, quiet=quiet, heard=heard, reference_db=asked.reference_db,
        reference=one_line(asked.reference), taken_at=what.stamp(),
    )  # fmt: skip
    what.keep_noise(made)
    what.write()  # the agent begins anew, and with it the microphone by its calibration


def _baseline(what: Installation, body: bytes) -> object:
    asked = _asked(body, Baseline)
    what.baselines.begin(asked.sensor, asked.heated_h)
    return {}


def _network(what: Installation, body: bytes) -> None:
    _asked(body, Nothing)
    with what.lock:
        what.draft.network = Network(state="running")
    found = network.check(what.status, stamp=what.stamp)
    with what.lock:
        what.draft.network = found
        what.keep()


def _contacts(what: Installation, body: bytes) -> None:
    asked = _asked(body, contacts.Contacts)
    now = what.wall()
    today = None if now.uncertainty_s is None else date.fromisoformat(now.iso[:10])
    contacts.keep(what.places.configuration, asked, today)


def _identify(what: Installation, body: bytes) -> None:
    _asked(body, Nothing)
    what.link.ask(identify=True)


def _commission(what: Installation, body: bytes) -> object:
    asked = _asked(body, Commission)
    return record.commission(what, one_line(asked.installer), asked.consents)


def _reset(what: Installation, body: bytes) -> None:
    reset.ask(what, _asked(body, Reset).device)


POSTS: Mapping[str, Callable[[Installation, bytes], object]] = {
    "/api/place": _place,
    "/api/profile": _profile,
    "/api/try": _try,
    "/api/mistake": _mistake,
    "/api/skip": _skip,
    "/api/zones": _zones,
    "/api/noise": _noise,
    "/api/baseline": _baseline,
    "/api/network": _network,
    "/api/contacts": _contacts,
    "/api/identify": _identify,
    "/api/commission": _commission,
    "/api/reset": _reset,
}


def _refuse_muted(what: Installation, sensor: str) -> None:
    if steps.is_muted(what, sensor):
        raise RefusedError(Failure(*FAILURES[FailureKind.MUTED]))


def outline_of(what: Installation, camera: str) -> dict[str, Any]:
    """What edges a camera sees, row by row, once all of them have come.

    Raises:
        RefusedError: It is no camera, or it gives none now.
    """
    if camera not in what.has("camera"):
        raise RefusedError(NOT_UNDERSTOOD, 400)
    _refuse_muted(what, camera)
    rows = outline.wait_for_rows(what.link, camera)
    signs = [f"{row:0{COLUMNS}b}".replace("0", ".").replace("1", "#") for row in rows]
    return {"camera": camera, "rows": signs}
