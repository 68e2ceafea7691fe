"""Does the hub answer this device? The agent's own connection is what is looked at."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.hub_cause import SOUND
from agent.values import Why
from provisioning.setup_page.agent_link import wait_for
from provisioning.setup_page.draft import Network

WITHIN_S = 25.0
_PASSED = Why(
    "상황실 서버가 이 기기에 답했어요.", "The control room's server has answered this device."
)
_UNTRIED = Why("아직 확인하지 않았어요.", "Not checked yet.")
_AGAIN = Why("잠시 뒤에 다시 확인해 주세요.", "Please check again a little later.")
_NO_HUB = (
    Why("기기가 아직 시작하고 있어요.", "The device is still starting."),
    _AGAIN,
)
_SILENT = Why(
    "서버에 연결했지만 아직 답이 없어요.", "Connected, but the server has not answered yet."
)

Body = Mapping[str, Any]


def check(
    status: Callable[[], Body], *, stamp: Callable[[], str], within_s: float | None = None
) -> Network:
    """Wait until the hub has answered, or say why it does not."""
    wait_for(lambda: _home(status()).get("answers"), WITHIN_S if within_s is None else within_s)
    home = _home(status())
    if home.get("answers"):
        return Network(state="passed", code=str(home["cause"]), why=_PASSED, at=stamp())
    if not home:
        why, remedy = _NO_HUB
        return Network(state="failed", code="agent-away", why=why, remedy=remedy, at=stamp())
    why = _words(home.get("why")) or _SILENT
    if home["cause"] in {str(each) for each in SOUND}:
        why = _SILENT
    remedy = _words(home.get("remedy")) or _AGAIN
    return Network(state="failed", code=str(home["cause"]), why=why, remedy=remedy, at=stamp())


def shown(found: Network) -> dict[str, Any]:
    """For the page."""
    return {
        "state": found.state,
        "code": found.code,
        "why": found.why or _UNTRIED,
        "remedy": found.remedy,
        "at": found.at,
    }


def _home(status: Body) -> dict[str, Any]:
    """How it stands with the first hub; empty where the agent says nothing of one."""
    hubs = status.get("hubs") or []
    if not hubs:
        return {}
    home = dict(hubs[0])
    is_up = home["cause"] in {str(each) for each in SOUND}
    home["answers"] = is_up and home.get("acknowledged_s_ago") is not None
    return home


def _words(found: Any) -> Why | None:
    if isinstance(found, dict) and found.get("ko") and found.get("en"):
        return Why(found["ko"], found["en"])
    return None
