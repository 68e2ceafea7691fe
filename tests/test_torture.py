import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.torture.card import Card, Cut
from tests.torture.comparison import Heard
from tests.torture.life import Life
from tests.torture.witnesses import Record

ROOT = Path(__file__).parents[1]
BOOT = "0a0a0a0a-1b1b1b1b"


def torture(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.torture", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def body(seq: int, *, hazard: str = "sos", at: float | None = None, **changes: object) -> bytes:
    event = {
        "id": f"{BOOT}-{seq}",
        "seq": seq,
        "boot_id": BOOT,
        "hazard": hazard,
        "stage": "alarm",
        "monotonic_s": 100.0 + seq if at is None else at,
        "previous": "",
    }
    return msgspec.json.encode(event | changes)


def judged(kept: list[bytes], told: list[bytes], life: Life | None = None) -> Record:
    """What the witnesses say where the file had `kept` and the hub was `told`."""
    record = Record(lives=[] if life is None else [life])
    record.accepted = {key(each): each for each in kept}
    heard = [Heard(*key(each), 0, each) for each in told]
    record.judge(heard)
    return record


def key(event: bytes) -> tuple[str, int]:
    found = msgspec.json.decode(event)
    return found["id"], found.get("revision", 0)


def test_twelve_bad_ends_lose_repeat_and_disorder_nothing() -> None:
    done = torture("--rounds", "12")
    assert done.stdout.splitlines()[-1].startswith(
        "torture: 12 rounds: 0 alarms lost, 0 repeated in effect, 0 out of order"
    ), done.stdout + done.stderr
    is_all_done = "NOT DONE HERE" not in done.stdout
    assert done.returncode == (0 if is_all_done else 2), done.stdout


def test_what_a_machine_cannot_do_is_said_and_is_no_success() -> None:
    without = torture("--rounds", "1", "--workers", "1", "--without", "power-cut,half-open")
    assert without.returncode == 0, without.stdout + without.stderr
    assert "left out as asked: power-cut" in without.stdout
    unknown = torture("--without", "rain")
    assert unknown.returncode == 2
    assert "'rain' is none of" in unknown.stderr


def test_the_witnesses_are_content_with_what_came_as_it_was() -> None:
    rows = [body(1), body(2, hazard="fault"), body(3)]
    assert judged(rows, [*rows, rows[1]]).problems == []


def test_an_alarm_that_overtakes_waiting_trouble_is_in_order() -> None:
    rows = [body(1, hazard="fault"), body(2)]
    assert judged(rows, rows[::-1]).problems == []


@pytest.mark.parametrize(
    ("kept", "told", "name"),
    [
        ([body(1), body(2)], [body(1)], "lost"),
        ([body(1), body(2)], [body(2), body(1)], "disorder"),
        ([body(1)], [body(1), body(2)], "repeated"),  # under an id that the file never had
        ([body(1)], [body(1), body(1, at=7.0)], "repeated"),  # other content under one id
        ([body(1), body(2, id=f"{BOOT}-1", revision=1)], [body(1)], "lost"),  # its better time
    ],
)
def test_the_witnesses_see_what_must_not_be(
    kept: list[bytes], told: list[bytes], name: str
) -> None:
    record = judged(kept, told)
    assert record.counts[name] == 1
    assert record.problems


def test_a_lost_row_that_is_no_alarm_must_have_been_given_up() -> None:
    row = body(1, hazard="fault")
    assert judged([row], []).problems == ["1 rows lost, but 0 given up"]


def test_a_press_that_is_no_alarm_is_missed() -> None:
    life = Life(1, presses=[100.0, 101.0], sure=2, ended=110.1)
    record = judged([body(1, at=100.01)], [body(1, at=100.01)], life)
    assert record.counts["lost"] == 1


def test_a_press_that_became_two_alarms_is_repeated_in_effect() -> None:
    life = Life(1, presses=[100.0], sure=1, ended=110.1)
    rows = [body(1, at=100.01), body(2, at=100.02)]
    assert judged(rows, rows, life).counts["repeated"] == 1


@pytest.mark.parametrize(
    ("keep", "left"), [("flushed", b"A" * 512 + b"-" * 512), ("all", b"A" * 512 + b"B" * 512)]
)
def test_a_card_keeps_what_was_flushed_before_its_power_goes(keep: str, left: bytes) -> None:
    victim = subprocess.Popen(["sleep", "60"])
    card = Card(1024)
    card.load(b"-" * 1024)
    card.write(0, b"A" * 512)
    card.flush()
    card.cut = Cut(victim.pid, 1, keep, 0)
    card.write(512, b"B" * 512)
    card.write(0, b"C" * 512)  # there is no power any more
    assert card.kept == left
    assert victim.wait(10) == -9
