"""A gas cell in clean air, a tilt sensor at rest: measured by the agent, kept for its drivers."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from agent.values import Why
from provisioning.setup_page.agent_link import AgentLink

Body = Mapping[str, Any]
_WORDS: Mapping[str, tuple[Why, Why]] = {
    "kept": (
        Why("기준값을 쟀어요.", "Its baseline is measured."),
        Why("이제 시험해 주세요.", "Now please test it."),
    ),
    "failed": (
        Why("기준값을 재지 못했어요.", "Its baseline could not be measured."),
        Why(
            "맑은 공기에서 더 오래 켜 두었다가 다시 해 주세요.",
            "Leave it on for longer in clean air, and do it again.",
        ),
    ),
    "gone": (
        Why("재는 동안 기기가 다시 시작했어요.", "The device started anew meanwhile."),
        Why("다시 해 주세요.", "Please do it again."),
    ),
    "none": (
        Why("이 센서는 기준값이 필요 없어요.", "This sensor needs no baseline."),
        Why("바로 시험해 주세요.", "Please test it."),
    ),
}


class Baselines:
    """How far each is, by sensor."""

    def __init__(self, link: AgentLink, *, stamp: Callable[[], str]) -> None:
        self._link, self._stamp = link, stamp
        self._lock = threading.Lock()
        self._found: dict[str, dict[str, Any]] = {}

    def begin(self, sensor: str, heated_h: float) -> None:
        """Have one measured.

        Raises:
            RefusedError: No agent answers.
        """
        self._note(sensor, {"state": "running", "taken": 0, "of": 1})
        self._link.begin(lambda body: self._told(sensor, body), baseline=sensor, heated_h=heated_h)

    def shown(self) -> dict[str, dict[str, Any]]:
        """All that were begun since the page was opened."""
        with self._lock:
            return {name: dict(each) for name, each in self._found.items()}

    def _told(self, sensor: str, body: Body) -> None:
        if body.get("more"):
            self._note(sensor, {"state": "running", "taken": body["taken"], "of": body["of"]})
            return
        word = "gone" if body.get("gone") else str(body.get("result", "none"))
        why, remedy = _WORDS.get(word, _WORDS["none"])
        detail = str(body.get("kept") or body.get("reason") or "")
        state = "passed" if word == "kept" else "failed"
        found = {"state": state, "why": why, "remedy": remedy, "detail": detail}
        self._note(sensor, found | {"at": self._stamp()})

    def _note(self, sensor: str, found: dict[str, Any]) -> None:
        with self._lock:
            self._found[sensor] = found
