"""One device of a fleet: the real outbox, the real uplink, and no sensors."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.envelope import Identity, boot_id, stamp
from agent.hub import Hub
from agent.hub_cause import SOUND
from agent.orders import Orders
from agent.outbox import Outbox
from agent.sections import HubConfig
from agent.status import State
from agent.uplink import forward
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage, Why
from agent.wallclock import read_wall_clock
from drivers.sensor import Quantity

SITE = "fleet"
_WHY = Why(ko="호출 단추가 눌렸습니다.", en="The call-for-help button was pressed.")
_STATE = State(coverage={"sos": "assumed"}, simulated=True)
_STATED = msgspec.json.encode(_STATE)


@dataclass(frozen=True, slots=True)
class Put:
    """An event that a device has on disk, and since when (monotonic s)."""

    device: str
    id: str
    hazard: str
    seq: int
    at: float


class Device:
    """A session with the hub; two threads, a database, a connection."""

    def __init__(self, name: str, folder: Path, config: HubConfig) -> None:
        folder.mkdir(parents=True)
        self.name = name
        self._who = Identity(SITE, name, boot_id(), "haetae fleet", {}, simulated=True)
        self._outbox = Outbox(folder / "outbox.db", reserve_bytes=0)
        self._reader = self._outbox.reader("home")
        orders = Orders(
            folder,
            put=lambda _order: None,  # nobody commands
            wake=self._reader.wake,
            state=lambda: _STATE,
        )
        self._hub = Hub(
            config,
            device=name,
            site=SITE,
            state=lambda: _STATED,
            orders=orders,
            urgent=self._reader.is_urgent,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        """Whether the hub has answered and is there."""
        return self._hub.cause in SOUND

    def put(self, hazard: Hazard) -> Put:
        """Keep an event of this hazard."""
        now = time.monotonic()
        pressed = Reading("sos", Quantity.BUTTON, 1.0, now)
        found = Detection(hazard, Stage.ALARM, PLACE, "button", (pressed,), now, _WHY)
        event = self._outbox.put(lambda seq, previous: self._stamped(found, seq, previous))
        return Put(self.name, event.id, event.hazard, event.seq, now)

    def stop(self) -> None:
        """Say goodbye."""
        self._stop.set()
        self._reader.wake()

    def join(self) -> None:
        """Wait until it has, then let go of the file."""
        self._thread.join(30.0)
        self._outbox.close()

    def _run(self) -> None:
        forward(self._reader, self._hub, stop=self._stop, beat=lambda: None)

    def _stamped(self, found: Detection, seq: int, previous: str) -> Event:
        return stamp(found, seq=seq, previous=previous, identity=self._who, wall=read_wall_clock())
