"""Where a fleet's hub is, as every process of the fleet is told it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.sections import HubConfig


@dataclass(frozen=True, slots=True)
class Where:
    """The ports of one hub on loopback, home first, and the folder with everybody's files."""

    ports: tuple[int, ...]
    protocol: Literal["5", "3.1.1"]
    files: str

    def config(self, name: str) -> HubConfig:
        """What a device of this name has in its `[hub]`."""
        home, *others = self.ports
        folder = Path(self.files)
        return HubConfig(
            host="127.0.0.1",
            port=home,
            alternatives=[f"127.0.0.1:{port}" for port in others],
            protocol=self.protocol,
            ca=str(folder / "ca.pem"),
            certificate=str(folder / f"{name}.pem"),
            key=str(folder / f"{name}.key"),
        )
