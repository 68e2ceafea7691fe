import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "torture.py"


def test_ten_kills_lose_repeat_and_disorder_nothing() -> None:
    command = [sys.executable, str(SCRIPT), "--rounds", "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("torture: 10 kills, broker ")
