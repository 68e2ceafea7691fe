"""The agent on simulated wires with one thing broken, to prove that the witnesses would see it.

    python -m tests.torture.sabotage NAME --config ...

Nothing of this is shipped: what is patched is patched in this process alone.
"""

import os
import secrets
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from agent import envelope, hub, lanes, link
from agent.eventstore import EventStore
from agent.link import Acknowledged  # type: ignore[attr-defined]
from hw_mocks.__main__ import main


class _Careless(sqlite3.Connection):
    """Never waits for the disk, whatever it is told."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA synchronous"):
            sql = "PRAGMA synchronous=OFF"
        return super().execute(sql, *parameters)


def no_flush() -> None:
    """Commit without waiting for the disk."""
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **named: connect(*args, **named | {"factory": _Careless})
    os.fsync = os.fdatasync = lambda _: None  # type: ignore[assignment]


def ram_first() -> None:
    """Write down only every third time one is asked to: the rest goes out of RAM."""
    insert, asked = EventStore.insert, [0]

    def reluctant(*args: Any, **named: Any) -> Any:
        asked[0] += 1
        if asked[0] % 3:
            raise sqlite3.OperationalError("not now")
        return insert(*args, **named)

    EventStore.insert = reluctant  # type: ignore[method-assign]


def confirm_on_publish() -> None:
    """Take a message for delivered once it was handed to the client library."""
    publish = link.Link.publish

    def trusting(self: link.Link, *args: Any, **named: Any) -> int:
        number = publish(self, *args, **named)
        self._notes.put(Acknowledged(number, ReasonCode(PacketTypes.PUBACK, "Success")))
        return number

    link.Link.publish = trusting  # type: ignore[method-assign]


def fresh_id() -> None:
    """Give each sending an id of its own."""
    properties = envelope.properties

    def forgetful(*args: Any, **named: Any) -> dict[str, str]:
        found = properties(*args, **named)
        return found | {"id": f"{found['id'].rpartition('-')[0]}x{secrets.token_hex(2)}-1"}

    hub.properties = forgetful  # type: ignore[attr-defined]


def newest_first() -> None:
    """Send what waits in the wrong order."""
    lanes.Queue.__iter__ = lambda self: iter(  # type: ignore[method-assign]
        sorted((each for lane in self._lanes.values() for each in lane), reverse=True)
    )


SABOTAGES: dict[str, Callable[[], None]] = {
    "no-flush": no_flush,
    "ram-first": ram_first,
    "confirm-on-publish": confirm_on_publish,
    "fresh-id": fresh_id,
    "newest-first": newest_first,
}

if __name__ == "__main__":
    SABOTAGES[sys.argv.pop(1)]()
    sys.exit(main())
