"""A camera, as the agent sees it: the numbers that the perception process makes of its pictures."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from drivers.board import Board, SensorConfig
from drivers.feed import Feed
from drivers.sensor import DisconnectedError, MutedError, NotReadyError, Quantity, Span
from drivers.sheet import Sheet
from drivers.view import HINDERED, View

_SHARE = Span(0.0, 1.0)
_FIRE: Mapping[Quantity, Span] = {
    Quantity.FIRE_SCORE: _SHARE,
    Quantity.SMOKE_SCORE: _SHARE,
    Quantity.FLAME_AREA_PCT: Span(0.0, 100.0),
}
_PEOPLE: Mapping[Quantity, Span] = {Quantity.PERSON_COUNT: Span(0.0, 15.0)}
_FALLS: Mapping[Quantity, Span] = {
    Quantity.FALL_SCORE: _SHARE,
    Quantity.LYING_SCORE: _SHARE,
    Quantity.BODY_MOTION: _SHARE,
    Quantity.POSE_LOST: _SHARE,
    **_PEOPLE,
}
_VIEW: Mapping[Quantity, Span] = {Quantity.VIEW: Span(float(View.CLEAR), float(View.FAILED))}
_WHY: Mapping[View, str] = {
    View.STARTING: "no picture yet",
    View.MUTED: "muted; being switched on",
    View.FAILED: "the camera gives no pictures",
}

Share = Annotated[float, Meta(ge=0, le=1)]


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bed or sofa in the picture: lying there is no fall.

    `points` are the corners of a polygon as shares of the picture's width and height, from its
    upper left corner, after `rotate_deg`.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
    points: Annotated[tuple[tuple[Share, Share], ...], Meta(min_length=3, max_length=32)]


class _ByUse:
    """What one configured camera gives; asked of the class, what it can give at all."""

    def __get__(
        self, config: "CameraConfig | None", kind: type | None = None
    ) -> Mapping[Quantity, Span]:
        fire = _FIRE if config is None or config.fire else {}
        falls = _FALLS if config is None or config.falls else {}
        people = _PEOPLE if config is not None and config.people else {}
        return {**fire, **falls, **people, **_VIEW}


class CameraConfig(SensorConfig, frozen=True, kw_only=True, tag="camera"):
    """`number` is libcamera's, from 0; `zones` are where people lie down on purpose.

    `people` counts who is seen, and judges nobody's posture; `falls` counts them, too.

    `mute` names a button, each press of which switches the camera off or on again, or a contact,
    which keeps it off while closed, such as a shutter before the lens. Perception begins with a
    camera that can be muted as muted, until the agent says otherwise.
    """

    number: Annotated[int, Meta(ge=0, le=3)] = 0
    rotate_deg: Literal[0, 180] = 0
    zones: Annotated[tuple[Zone, ...], Meta(max_length=8)] = ()
    mute: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")] | None = None
    fire: bool = True
    falls: bool = True
    people: bool = False
    every_s: Annotated[float, Meta(ge=0.1, le=1)] = 0.5  # a cut wire shows within 5 s

    spans: ClassVar[Mapping[Quantity, Span]] = _ByUse()  # type: ignore[assignment]  # gives one
    is_private: ClassVar[bool] = True
    is_perceived: ClassVar[bool] = True
    sheet: ClassVar[Sheet] = Sheet(
        part="camera through libcamera (Camera Module 3, 3 NoIR, 2)",
        purpose="fire, falls",
        range="scores 0 to 1, flame area 0 to 100 %, 0 to 15 people; only these numbers reach the "
        "agent",
        accuracy="as the model cards say (`models/cards`)",
        rate="twice a second",
        warm_up="none",
        price="€€€",
        wiring="CSI ribbon, `camera_auto_detect=1`; `haetae-perception` holds it",
        limits="fire in a picture raises a prealarm only. Sees no people in the dark without "
        "infrared light, and nothing behind what covers, blurs or turns it away, which it says. "
        "Never in a bathroom or toilet",
        library="picamera2 in the perception process",
        source="Raspberry Pi, The Picamera2 Library; `docs/privacy.md`",
    )

    def __post_init__(self) -> None:
        """Refuse a camera that watches for nothing.

        Raises:
            ValueError: msgspec makes it an error that names the place.
        """
        if not (self.fire or self.falls or self.people):
            raise ValueError("watch for `fire`, `falls`, `people` or several of them")

    def muted_by(self) -> str | None:
        """The button or contact that switches it off."""
        return self.mute

    def wire(self) -> str:
        """The socket, which all perceived sensors share."""
        return "perception"

    def claims(self) -> frozenset[str]:
        """The camera."""
        return frozenset({f"camera:{self.number}"})

    def shown(self, view: View) -> list[Quantity]:
        """What there is beside `VIEW` while it sees so: of fire also through what hinders it."""
        seen = self.spans if view is View.CLEAR else _FIRE if view in HINDERED else {}
        return [each for each in self.spans if each in seen and each is not Quantity.VIEW]

    def build(self, board: Board) -> "Camera":
        """Make the agent's side; opens nothing yet."""
        return Camera(self, Feed(board.perception(), self.name, board.pace.wait, board.note))


class Camera:
    """The newest numbers of one camera, or why there are none."""

    def __init__(self, config: CameraConfig, feed: Feed) -> None:
        self._config, self._feed = config, feed
        self._has_seen = False

    def open(self) -> None:
        """Listen for perception.

        Raises:
            OSError: The run directory is missing or read-only, or another agent listens.
        """
        self._feed.open()

    def read(self) -> dict[Quantity, float]:
        """The newest scores and `VIEW`, none older than 2.5 s.

        In the dark, or with its lens covered, dirty or turned away, it gives what it sees of fire,
        which shines and smokes through much, and nothing of people.

        Raises:
            OSError: The socket is gone and cannot be had again.
            DisconnectedError: Perception is silent or floods, or the camera gives no pictures.
            WrongDeviceError: What comes is no records.
            MutedError: People switched it off.
            NotReadyError: There is no picture yet, or it has not been switched on yet.
        """
        self._feed.news(Quantity.VIEW)
        view = View(int(self._feed.take([Quantity.VIEW])[Quantity.VIEW]))
        self._feed.settle(is_muted=view is View.MUTED)
        if view in {View.STARTING, View.MUTED} and not self._has_seen:
            raise NotReadyError(_WHY[view])
        if view is View.MUTED:
            raise MutedError(_WHY[view])
        if view in {View.STARTING, View.FAILED}:
            raise DisconnectedError(_WHY[view])
        seen = self._config.shown(view)
        self._feed.check(seen)
        self._has_seen = True
        return {**self._feed.take(seen), Quantity.VIEW: float(view)}

    def close(self) -> None:
        """Nothing to do: the board closes the socket, which others share; never raises."""
