import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hw_mocks.child import Agent, until

ROOT = Path(__file__).parents[2]
CONFIG = """
profile = "power"
title = { ko = "전원", en = "Power" }
annunciator = { siren = { gpio = 18 } }
sos = { buttons = ["sos"] }

[[sensors]]
name = "sos"
driver = "button"
gpio = 23

[[sensors]]
name = "power"
driver = "pi_power"
"""


def test_a_relative_run_directory_is_as_good_as_an_absolute_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)  # as the agent's process is
    with tempfile.TemporaryDirectory(prefix="hr-") as name:
        folder = Path(name)
        run_dir = Path(os.path.relpath(folder / "run"))
        with Agent(folder, CONFIG, run_dir=run_dir) as agent:
            until(agent.armed, 20.0, "the agent armed")
            until(lambda: _readings(agent, "power"), 5.0, "the supply's first reading")


def _readings(agent: Agent, sensor: str) -> Mapping[str, Any] | None:
    status = agent.status()
    return (status and status["sensors"][sensor]["readings"]) or None
