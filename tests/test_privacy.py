"""No byte of a picture or a voice leaves: not to hub, disk or journal, nor over the socket.

A marked picture and a marked voice go through the whole device: the real picamera2 and PortAudio on
simulated parts, the real perception process with its models, the real agent; every way out is
searched.
"""

import base64
import math
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import record
from hw_mocks.broker import embedded_broker
from hw_mocks.child import with_hub
from hw_mocks.listener import Listener
from hw_mocks.microphone import SimMicrophone
from hw_mocks.network import Forwarder
from tests.leaks import WINDOW, Marks, compressed
from tests.running import RunningAgent, running, until

ROOT = Path(__file__).parents[1]
SIZE = (640, 480)
TEXT = """
profile = "eyes"
title = {ko = "시험", en = "Test"}
annunciator = {siren = {gpio = 12}, lamp = {gpio = 25}}
sos = {buttons = ["sos"]}
[[sensors]]
driver = "camera"
name = "eyes"
[[sensors]]
driver = "i2s_mic"
name = "ears"
card = "sndrpigooglevoi"
part = "inmp441"
[[sensors]]
driver = "smoke_relay"
name = "smoke_alarm"
gpio = 17
[[sensors]]
driver = "button"
name = "sos"
gpio = 23
"""


@cache
def tile(seed: int = 7) -> bytes:
    """64 by 64 pixels in three colours: soft waves, as in pictures, and noise that marks them."""
    noise = random.Random(seed)
    return bytes(
        round(96 + 60 * math.sin(math.tau * (x + colour * 9) / 64) * math.cos(math.tau * y / 64))
        + noise.randrange(24)
        for y in range(64)
        for x in range(64)
        for colour in range(3)
    )


@cache
def marks_of_tile() -> Marks:
    """The tile's rows, twice in a row as they repeat, in both orders of colours and as int8."""
    pixels = tile()
    rows = [pixels[n : n + 192] * 2 for n in range(0, 64 * 192, 192)]
    turned = [bytes(row[n + 2 - 2 * (n % 3)] for n in range(len(row))) for row in rows]
    greens = [row[1::3] for row in rows]
    shifted = [bytes((value - 128) & 0xFF for value in row) for row in rows]
    return Marks([*rows, *turned, *greens, *shifted])


def voice(seed: int = 11) -> list[tuple[int, int]]:
    """A second of a murmur, and in its low bits the noise that marks it: (left, right)."""
    noise = random.Random(seed)
    return [
        (round(2**27 * math.sin(math.tau * 180 * n / 48_000)) + noise.randrange(2**20), 0)
        for n in range(48_000)
    ]


def marks_of_voice() -> Marks:
    """Its samples as they come, of one channel, in 16 bits, and as floating point."""
    left = [frame[0] for frame in voice()]
    return Marks(
        [
            array("i", [sample for frame in voice() for sample in frame]).tobytes(),
            array("i", left).tobytes(),
            array("h", [sample >> 16 for sample in left]).tobytes(),
            array("f", [sample / 2**31 for sample in left]).tobytes(),
            array("d", [sample / 2**31 for sample in left]).tobytes(),
        ]
    )


@given(st.integers(0, 100), st.sampled_from(["raw", "base64", "url", "hex", "numbers", "gzip"]))
@settings(deadline=None, max_examples=60)
def test_what_was_marked_is_found_however_it_is_written(at: int, form: str) -> None:
    piece = tile()[192 * (at % 64) :][:48]
    written = {
        "raw": piece,
        "base64": base64.b64encode(piece),
        "url": base64.urlsafe_b64encode(piece),
        "hex": piece.hex().encode(),
        "numbers": ", ".join(map(str, piece)).encode(),
        "gzip": compressed(piece),
    }[form]
    assert marks_of_tile().found_in(b"x" * (at % 5) + b'{"a": "' + written + b'"}')


def test_a_file_of_pictures_or_sound_is_found_whatever_it_shows() -> None:
    for start in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x24\x00\x00\x00WAVEfmt "):
        assert marks_of_tile().found_in(b"..." + start + b"...")


def test_other_bytes_are_not_found() -> None:
    assert marks_of_tile().found_in(random.Random(1).randbytes(200_000)) == []
    assert marks_of_tile().found_in(tile()[: WINDOW - 1]) == []


class Relay:
    """Stands between perception and agent, and keeps every datagram."""

    def __init__(self, path: Path, agent: Path) -> None:
        self.heard: list[bytes] = []
        self._agent = str(agent)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        threading.Thread(target=self._carry, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _carry(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out, suppress(OSError):
            while True:
                self.heard.append(self._socket.recv(65_536))
                with suppress(OSError):
                    out.sendto(self.heard[-1], self._agent)


@contextmanager
def seeing(folder: Path, agent: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The perception process before the marked picture."""
    from PIL import Image  # noqa: PLC0415  # pictures are for those who have the libraries

    pictures = folder / "pictures"
    pictures.mkdir()
    piece = Image.frombytes("RGB", (64, 64), tile())
    whole = Image.new("RGB", SIZE)
    for x in range(0, SIZE[0], 64):
        for y in range(0, SIZE[1], 64):
            whole.paste(piece, (x, y))
    whole.save(pictures / "00.png")
    with (folder / "eyes.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hw_mocks.eyes", "--agent", str(agent)),
                *("--config", str(folder / "device.toml"), "--run-dir", str(folder / "eyes")),
                *("--frames", str(pictures)),
            ],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


@contextmanager
def heard(folder: Path) -> Iterator[None]:
    """The microphone before the marked voice."""
    with SimMicrophone(folder) as microphone:
        microphone.play(voice())
        yield


def open_to_the_world(pid: int) -> list[str]:
    """What a process could let something out by: network sockets, and files open for writing."""
    found = []
    networks = [Path(f"/proc/{pid}/net/{kind}").read_text() for kind in ("tcp", "tcp6", "udp")]
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = str(each.readlink())
            flags = Path(f"/proc/{pid}/fdinfo/{each.name}").read_text().split("flags:")[1].split()
            if target.startswith("socket:["):
                number = f" {target[8:-1]} "
                found += [target for table in networks if number in table]
            elif int(flags[0], 8) & os.O_ACCMODE and target.startswith("/") and int(each.name) > 2:
                found += [target] if Path(target).is_file() else []
    return found


def settle(agent: RunningAgent, relay: Relay) -> None:
    """Let it see for a while, and alarm."""
    until(agent.armed, 20, "the agent is armed")
    until(lambda: len(relay.heard) > 100, 60, "perception has told a hundred numbers")
    for name, quantity in (("eyes", "FIRE_SCORE"), ("ears", "SOUND_LAF_DBA")):
        until(partial(is_read, agent, name, quantity), 20, f"{name} are read")
    agent.set("smoke_alarm.alarm", 1)
    for level in (1, 0):
        agent.set("sos.pressed", level)
    until(lambda: agent.edges("siren"), 5, "the siren sounds")
    until(lambda: list((agent.state / "recordings").glob("[!.]*/*.gz")), 20, "it is recorded")


def is_read(agent: RunningAgent, sensor: str, quantity: str) -> bool:
    found = agent.status()
    return found is not None and quantity in found["sensors"][sensor]["readings"]


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not {"pictures", "alsa"} & set(path.parts):
            yield str(path.relative_to(folder)), path.read_bytes()


def test_no_byte_of_a_marked_picture_or_voice_leaves_the_perception_process(tmp_path: Path) -> None:
    if find_spec("picamera2") is None:
        pytest.skip("no picamera2 here")
    sent: list[bytes] = []
    for name in ("eyes", "tmp", "home", "broker", "alsa"):
        (tmp_path / name).mkdir()
    with (
        embedded_broker(tmp_path / "broker") as port,
        Listener(port) as hub,
        Forwarder(port, tap=sent.append) as network,
        running(tmp_path, with_hub(TEXT, port=network.port, hub=("tls = false",))) as agent,
    ):
        for name in ("eyes", "ears"):  # the simulated ones are silent: the real ones speak
            agent.set(f"{name}.fault", "absent")
        relay = Relay(tmp_path / "relay", agent.run_dir / "perception.sock")
        with heard(tmp_path / "alsa"), seeing(tmp_path, tmp_path / "relay") as eyes:
            settle(agent, relay)
            until(lambda: sum(m.event is not None for m in hub.messages) >= 2, 10, "the hub hears")
            assert open_to_the_world(eyes.pid) == []
        relay.close()
        assert agent.stop() == 0
    assert {len(each) for each in relay.heard} == {record.SIZE}
    searched = dict(everything_in(tmp_path))
    assert {"agent.log", "eyes.log", "state/outbox.db"} <= searched.keys()
    searched |= {"the socket": b"".join(relay.heard), "the hub": b"".join(sent)}
    for marks in (marks_of_tile(), marks_of_voice()):
        for name, content in searched.items():
            assert marks.found_in(content) == [], name
