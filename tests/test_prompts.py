"""The words of the loudspeaker: all there, spoken by Debian's espeak-ng, short enough."""

import shutil
import subprocess
import sys
import tomllib
import wave
from pathlib import Path

import pytest

from agent import asking, showings, signals
from agent.speaker import MARGIN_S, POLL_S, START_S, phrases

ROOT = Path(__file__).parents[1]
TEXTS = tomllib.loads((ROOT / "provisioning" / "prompts.toml").read_text("utf-8"))


def test_every_prompt_that_the_annunciator_asks_for_has_words_in_both_languages() -> None:
    asked = {each.prompt for each in showings.SHOWINGS} - {""}
    assert asked == TEXTS.keys()
    assert all(each["ko"] and each["en"] for each in TEXTS.values())


def test_the_words_of_a_fire_fit_between_two_groups_of_tones() -> None:
    _, silence_s = signals.T3(2.5)
    assert TEXTS["fire"]["longest_s"] + START_S + MARGIN_S <= silence_s
    assert TEXTS["test"]["longest_s"] + START_S + MARGIN_S <= silence_s


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng")
def test_the_words_are_spoken_into_files_that_fit_and_are_found(tmp_path: Path) -> None:
    script = str(ROOT / "scripts" / "make_prompts.py")
    subprocess.run([sys.executable, script, "--folder", str(tmp_path)], check=True)
    found = phrases(tmp_path, ["ko", "en"])
    assert found.keys() == TEXTS.keys()
    for name, made in found.items():
        assert len(made) == len(TEXTS[name]["ko"]) + len(TEXTS[name]["en"])
        assert all(0.3 < each.length_s <= TEXTS[name]["longest_s"] for each in made)
    question_s = sum(START_S + each.length_s + MARGIN_S + POLL_S for each in found["ask"])
    assert question_s <= asking.TALK_S - 0.1, "both languages, between the two tones"
    with wave.open(str(found["fire"][0].wav)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)


def test_without_espeak_ng_the_script_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_prompts.py"), "--folder", str(tmp_path)],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "apt install espeak-ng" in done.stderr
