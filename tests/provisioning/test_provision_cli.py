"""The command line itself: its languages, its words for machines, and how it ends."""

import os
import pwd
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning import cli
from provisioning.journal import default_path
from provisioning.terminal import language
from tests.provisioning.desks import Desk, stalls
from tests.running import until

NAMES = [each.name for each in cli.COMMANDS]
COMMAND = (sys.executable, "-m", "provisioning.cli")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_every_command_of_the_plan_is_there() -> None:
    wanted = "batch cards flash label enroll sync revoke commission verify report factory-reset"
    assert set(wanted.split()) | {"first-boot", "setup-page"} <= set(NAMES)


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_is_in_one_language(desk: Desk, name: str, lang: str) -> None:
    said = desk.run(*filter(None, (name, "--help")), lang=lang)
    assert said.code == 0
    described = [line for line in said.out.splitlines() if re.search(r"^  +\S+.*  +\S", line)]
    assert described
    has_hangul = any("가" <= letter <= "힣" for letter in said.out)
    assert has_hangul == (lang == "ko")
    if lang == "ko":  # no sentence was left in English
        assert not re.search(r"\b(the|this|and|which)\b", said.out)


def test_the_language_is_the_locales_unless_one_is_chosen() -> None:
    assert language({"LANG": "ko_KR.UTF-8"}) == "ko"
    assert language({"LANG": "en_US.UTF-8"}) == "en"
    assert language({"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}) == "en"
    for words, wanted in ((("--lang", "ko"), "기기"), (("--lang=en",), "devices")):
        environment = os.environ | {"LANG": "ko_KR.UTF-8", "LC_ALL": ""}
        done = subprocess.run(
            (*COMMAND, *words, "--help"), env=environment, capture_output=True, check=False
        )
        assert wanted in done.stdout.decode()


def test_nonsense_is_usage_and_points_to_the_help(desk: Desk) -> None:
    for words in ([], ["no-such"], ["flash"], ["batch", "a.csv"]):
        said = desk.run(*words)
        assert said.code == 64
        assert "--help" in said.err
        assert not said.out


def test_a_machine_reads_json_alone(desk: Desk) -> None:
    said = desk.ask("batch", desk.table(*stalls(2)), "--out", desk.out, "--city", desk.city)
    assert [sorted(each) for each in said.records] == [
        ["device", "new"],
        ["device", "new"],
        ["devices", "folder", "labels", "new"],
    ]
    refused = desk.ask("label", "nobody", "--out", desk.folder / "x.pdf")
    assert [sorted(each) for each in refused.records] == [["error"]]
    assert sorted(refused.records[0]["error"]) == ["code", "detail", "remedy", "what"]


def test_options_are_taken_before_the_command_and_after_it(desk: Desk) -> None:
    out = subprocess.run(
        (*COMMAND, "--json", "--journal", desk.folder / "j.db", "report"),
        capture_output=True, check=False,
    )  # fmt: skip
    assert out.returncode == 0
    assert (desk.folder / "j.db").exists()
    assert b'"devices": 0' in out.stdout


def test_a_journal_that_cannot_be_kept_is_told(desk: Desk) -> None:
    desk.journal.write_bytes(b"no database, but more than a hundred bytes of something else" * 9)
    assert desk.ask("report").failure == "journal-unusable"
    desk.journal = Path("/dev/null/journal.db")
    assert desk.ask("report").failure == "journal-unusable"


def test_with_sudo_the_journal_is_the_callers() -> None:
    daemon = pwd.getpwnam("daemon")
    found = default_path({"SUDO_UID": str(daemon.pw_uid), "XDG_STATE_HOME": "/elsewhere"})
    own = default_path({"XDG_STATE_HOME": "/elsewhere"})
    assert own == Path("/elsewhere/haetae/journal.db")
    if os.geteuid() == 0:
        assert found == Path(daemon.pw_dir) / ".local/state/haetae/journal.db"


def test_interrupted_it_says_that_it_goes_on_next_time(desk: Desk) -> None:
    table = desk.table(*stalls(400))
    words = ("--lang", "ko", "--journal", desk.journal, "batch", table, "--out", desk.out)
    running = subprocess.Popen(
        (*COMMAND, *map(str, words), "--city", str(desk.city)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until(lambda: len(desk.seeds()) > 3, 30, "some are made")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "이어서" in err.decode()
    made = len(desk.seeds())
    assert made < 400
    table = desk.table(*list(stalls(400))[: made + 1])
    again = desk.batch(table)
    assert again.code == 0
    assert again.records[-1]["devices"] == made + 1
    assert again.records[-1]["new"] <= 2


def test_starting_it_loads_nothing_heavy() -> None:
    code = "import sys, provisioning.cli; print(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert not {"PIL", "cryptography", "segno", "numpy"} & set(done.stdout.split())
