"""`make demo`: what a profile is for, from the room to the city hub, in one terminal.

    python -m hw_mocks.demo [PROFILE]

The real agent runs as a process of its own on simulated wires, an MQTT 5 broker as another; the
network between them is a forwarder that can be cut. Everything said at the end was measured here.
"""

import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.cli_words import Parser
from agent.eventfile import Row, history
from agent.lanes import hazard_of, lane_of
from hw_mocks import proof
from hw_mocks.broker import embedded_broker
from hw_mocks.child import Agent, TooLateError, device_toml
from hw_mocks.demo_script import Expected, Script, load, names
from hw_mocks.listener import Heard, Listener
from hw_mocks.network import Forwarder
from hw_mocks.panel import Panel, readings_line
from hw_mocks.scenario import ScenarioError
from hw_mocks.terminal import Terminal

LOOK_S = 0.1
LINE_S = 5.0  # between two lines of readings, in real seconds
INDENT = " " * 9
EXCERPT = 210  # signs of an event's JSON


class FailedError(Exception):
    """The demonstration did not show what it should; the message says what."""


class FastTime:
    """The agent's clock and the scenario's, reckoned from the control socket's answer.

    `moment_s` is the instant of the scenario that counts as zero.
    """

    def __init__(self, facts: dict[str, Any], moment_s: float) -> None:
        self._set_at, self._rate = facts["clock_set_at"], facts["rate"]
        self._moment = facts["began_at"] + moment_s

    def since(self, agent_s: float | None = None) -> float:
        """Seconds of the scenario from the moment to an instant of the agent's clock, or now."""
        if agent_s is None:
            agent_s = self._set_at + (time.monotonic() - self._set_at) * self._rate
        return float(agent_s - self._moment)

    def really(self, agent_s: float) -> float:
        """That instant in real monotonic seconds."""
        return float(self._set_at + (agent_s - self._set_at) / self._rate)


class Demo:
    """One run: what it knows, and what it waits for."""

    def __init__(
        self, script: Script, terminal: Terminal, agent: Agent, hub: Listener, network: Forwarder
    ) -> None:
        self._script, self._terminal = script, terminal
        self._agent, self._hub, self._network = agent, hub, network
        self._deadline = time.monotonic() + script.whole_s
        self._panel = Panel()
        self._heard = 0  # messages of the hub that were looked at
        self._time: FastTime | None = None
        self._cut = False
        self._next_line_s = -20.0
        told = [script.moment, *script.tellings]
        self._tellings = sorted(told, key=lambda each: each.at_s)

    def run(self) -> str:
        """Show it all.

        Returns:
            The summary.

        Raises:
            FailedError: Something was not as it should be.
        """
        self._wait("the agent armed", self._agent.armed)
        facts = self._agent.control.ask({"get": "scenario"})["scenario"]
        clock = self._time = FastTime(facts, self._script.moment.at_s)
        self._say("the agent is armed: every sensor answers, the siren is silent")
        seen = [self._expect(each) for each in self._script.expects][-1]
        if self._script.siren:
            groups = self._script.groups
            enough = f"{groups} groups of T3 at the siren's pin"
            self._wait(enough, lambda: self._groups() >= groups)
            self._show_siren()
        self._pull_the_network()
        self._stop_agent()
        return self._summary(seen, clock)

    def _say(self, text: str) -> None:
        now_s = 0.0 if self._time is None else self._time.since()
        self._terminal.say(text, f"{now_s:+5.0f} s  ")

    def _wait(self, what: str, look: Callable[[], Any]) -> Any:
        """Look on, and show it, until there is something to see."""
        while not (seen := look()):
            if time.monotonic() > self._deadline:
                raise FailedError(f"not seen within {self._script.whole_s:g} s: {what}")
            if (code := self._agent.process.poll()) is not None:
                raise FailedError(f"the agent ended with exit code {code} before {what}")
            self._look()
            time.sleep(LOOK_S)
        self._look()
        return seen

    def _look(self) -> None:
        """Print what is new and draw the panel."""
        if self._time is not None:
            moment, now_s = self._script.moment, self._time.since()
            while self._tellings and self._tellings[0].at_s - moment.at_s <= now_s:
                self._say(self._tellings.pop(0).text)
        while self._heard < len(self._hub.messages):
            heard = self._hub.messages[self._heard]
            self._heard += 1
            if (event := heard.event) is not None and self._time is not None:
                self._tell(heard, event, self._time)
        status = self._agent.status()
        if status is None or self._time is None or self._agent.process.poll() is not None:
            return
        now_s = self._time.since()
        if self._terminal.live:
            edges = self._agent.control.edges("siren")
            events = sum(each.event is not None for each in self._hub.messages)
            self._terminal.show(self._panel.lines(now_s, status, edges, self._cut, events))
        elif now_s >= self._next_line_s:
            self._next_line_s = now_s + LINE_S * self._script.rate
            self._say(readings_line(status))

    def _tell(self, heard: Heard, event: dict[str, Any], clock: FastTime) -> None:
        """Print an event as the hub had it: the first of each kind whole, the others short."""
        say, why = self._terminal.say, event["why"]
        at = event["monotonic_s"]
        late_s = heard.at - clock.really(at)
        took = f"{1000 * late_s:.0f} ms" if late_s < 1 else f"{late_s:.1f} s"
        word = f"{event['hazard']} {event['stage']}".upper()
        say(
            f"{word}, event {event['seq']}, at the hub {took} later",
            f"{clock.since(at):+5.0f} s  ",
        )
        if self._panel.first_of(word):
            kept = "retained" if heard.retained else "not retained"
            say(heard.topic, INDENT)
            properties = " ".join(f"{key}={value}" for key, value in heard.properties.items())
            say(f"QoS {heard.qos}, {kept}, {heard.content_type} {properties}", INDENT)
            shown = {key: event[key] for key in ("rule", "evidence", "simulated")}
            text = json.dumps(shown, ensure_ascii=False)
            say(text[:EXCERPT] + (" ..." if len(text) > EXCERPT else ""), INDENT)
            say(why["ko"], INDENT)
        say(why["en"], INDENT)

    def _expect(self, expected: Expected) -> Heard:
        """Wait until the hub has heard of it."""
        wanted = expected.hazard, expected.stage

        def is_it(event: dict[str, Any]) -> bool:
            found = event["hazard"], event["stage"]
            return found == wanted and expected.rule in {"", event["rule"]}

        what = " ".join(filter(None, (*wanted, expected.rule)))
        heard: Heard = self._wait(f"{what} at the hub", lambda: self._hub.first(is_it))
        return heard

    def _groups(self) -> int:
        return proof.temporal_three(self._agent.control.edges("siren"))

    def _show_siren(self) -> None:
        edges = self._agent.control.edges("siren")
        start = next(at for at, level in edges if level)
        self._say("the siren's pin, an eighth of a second a sign, since it began:")
        self._terminal.say(proof.drawn(edges, start, start + 8.0, 64), INDENT)
        self._terminal.say("which is T3 of ISO 8201: 0.5 s on, three times, then 1.5 s off", INDENT)

    def _pull_the_network(self) -> None:
        """Cut it, let something happen in the outage, mend it, and wait for what is owed."""
        self._network.cut()
        self._cut = True
        outage = self._script.outage
        self._say(f"the network is pulled out; {outage.text}")
        before, end = len(self._outbox()), time.monotonic() + outage.lasts_s
        for turn in outage.turns:
            self._agent.control.set(turn.knob, turn.value)
            self._pause(turn.stays_s)
        self._wait("events kept in the outage", lambda: len(self._outbox()) > before)
        self._wait("the end of the outage", lambda: time.monotonic() > end)
        waiting = sum(row.confirmed_at is None for row in self._outbox())
        if waiting == 0:
            raise FailedError("no event waited in the outbox although the network was cut")
        self._network.mend()
        self._cut = False
        self._say(f"the network is back; {waiting} events wait in the outbox")
        self._wait(
            "every event confirmed by the hub",
            lambda: all(row.confirmed_at is not None for row in self._outbox()),
        )

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._wait("the time", lambda: time.monotonic() >= end)

    def _outbox(self) -> list[Row]:
        """The rows that the agent has accepted, oldest first."""
        return history(self._agent.state / "outbox.db", 10_000)[::-1]

    def _stop_agent(self) -> None:
        if (code := self._agent.stop()) != 0:
            raise FailedError(f"the agent ended with exit code {code} instead of 0")
        time.sleep(0.3)  # for what the broker still has for the listener
        self._look()

    def _summary(self, seen: Heard, clock: FastTime) -> str:
        rows = self._outbox()
        heard = [str(e["id"]) for each in self._hub.messages if (e := each.event) is not None]
        lanes = {row.id: lane_of(hazard_of(row.body), alarm=True) for row in rows}
        delivery = proof.compare([row.id for row in rows], heard, lanes)
        if delivery.failed:
            raise FailedError(f"lost, out of order or never accepted: {delivery}")
        owed = self._script.outage.hazard
        if not any(f'"hazard":"{owed}"' in row.body.decode() for row in rows):
            raise FailedError(f"no {owed} event in the outbox although {self._script.outage.text}")
        if delivery.again:
            self._say(f"{delivery.again} came twice under one id, the second time without effect")
        event = seen.event or {}
        at, word = event["monotonic_s"], f"{event['hazard']} {event['stage']}"
        return (
            f"{word} {_duration(clock.since(at))} after {self._script.moment.name}, "
            f"at the hub {1000 * (seen.at - clock.really(at)):.0f} ms later, "
            f"{delivery.failed} of {delivery.accepted} events lost or repeated"
        )


def _duration(seconds: float) -> str:
    """In the unit that people would use."""
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@contextlib.contextmanager
def stage(profile: str, script: Script, terminal: Terminal) -> Iterator[Demo]:
    """Set everything up, and take it down again whatever happens."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="haetae-")))
        port = stack.enter_context(embedded_broker(folder))
        hub = stack.enter_context(Listener(port))
        network = stack.enter_context(Forwarder(port))
        terminal.say(f"haetae: {script.title}")
        terminal.say("the real one; its sensors are read through their real libraries", "agent    ")
        terminal.say(f"{script.world}, {script.rate:g} times as fast as life", "world    ")
        terminal.say(f"an MQTT 5 broker (rumqttd) on 127.0.0.1:{port} and a listener", "hub      ")
        config = device_toml(profile, port=network.port)
        arguments = ["--scenario", script.scenario, "--rate", f"{script.rate:g}"]
        if script.starts is not None:
            arguments += ["--starts", script.starts]
        agent = stack.enter_context(Agent(folder, config, arguments))
        yield Demo(script, terminal, agent, hub, network)


def main(argv: list[str] | None = None) -> int:
    """Run a demonstration; 0 if all of it held, 1 if not, 64 usage, 130 if interrupted."""
    parser = Parser(prog="python -m hw_mocks.demo", description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", default="market-stall", help=", ".join(names()))
    profile = parser.parse_args(argv).profile
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that all is undone
    terminal = Terminal()
    try:
        script = load(profile)
    except ScenarioError as error:
        parser.error(str(error))
    try:
        with stage(profile, script, terminal) as demo:
            summary = demo.run()
    except (FailedError, TooLateError, OSError, RuntimeError, ValueError) as error:
        terminal.end(f"demo: FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        terminal.end("demo: interrupted")
        return 130
    terminal.end(f"demo: {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
