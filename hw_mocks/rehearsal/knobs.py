"""The knobs of an emulated board's simulated wires, over a forwarded TCP port."""

import json
import socket
from collections.abc import Mapping
from typing import Any

from hw_mocks.child import until

_WITHIN_S = 60.0  # the agent may be starting anew
_ANSWER_S = 20.0


class Knobs:
    """Turns them by the control socket behind `port`; each turn is a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    def turn(self, knobs: Mapping[str, float]) -> None:
        """Turn knobs, as in `{"sos.pressed": 1}`; wait for an agent that is starting.

        Raises:
            TooLateError: Nobody answers.
            ValueError: There is no such knob, or it takes no such value.
        """
        said = until(lambda: self._ask({"set": dict(knobs)}), _WITHIN_S, f"the knobs {list(knobs)}")
        if "error" in said:
            raise ValueError(said["error"])

    def _ask(self, request: object) -> dict[str, Any] | None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), _ANSWER_S) as link:
                link.sendall(json.dumps(request).encode() + b"\n")
                with link.makefile("rb") as answers:
                    line = answers.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None
