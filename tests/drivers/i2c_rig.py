"""A board with one simulated chip on I2C bus 1, and an opened driver of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers import catalog
from drivers.board import Board
from hw_mocks.chips import chip as chip_of
from hw_mocks.wiring import Wiring


class Rig:
    """`table` is a `[[sensors]]` table without its name."""

    def __init__(self, wiring: Wiring, folder: Path, table: dict[str, Any]) -> None:
        self.config: Any = catalog.decode(table | {"name": "under_test"})
        self.wiring = wiring
        self.chip = chip_of(table["driver"]).plug(wiring, self.config)
        self.board = wiring.board(folder)

    def built(self, board: Board | None = None) -> Any:
        return self.config.build(board or self.board)

    def opened(self) -> Any:
        driver = self.built()
        driver.open()
        return driver


@contextmanager
def rig(folder: Path, driver: str, **table: Any) -> Iterator[Rig]:
    wiring = Wiring(folder / "w1")
    made = Rig(wiring, folder, {"driver": driver} | table)
    try:
        yield made
    finally:
        made.board.close()
        wiring.close()


class Answers:
    """A chip that sends these bytes, whatever it is told; it keeps what it is told."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.told: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def read(self, count: int) -> bytes:
        return self.data[:count].ljust(count, b"\0")
