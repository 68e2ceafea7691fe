"""The fourth witness: the device's ledger, read and verified after the last life."""

import json
import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from agent.ledger_check import verify
from agent.signing import load_verifier


def audit(folder: Path, certificate: Path, wanted: Collection[tuple[str, int]]) -> list[str]:
    """What is wrong with the ledger in `folder`, by the device's `certificate`.

    It must be whole and signed, and hold each event of `wanted` (id and revision), and none twice.
    """
    report = verify(folder, keys=[load_verifier(certificate.read_bytes())])
    problems = []
    if report.fault is not None:
        problems.append(f"ledger: {report.fault.where}: {report.fault.what}")
    if report.unsigned:
        problems.append(f"ledger: {report.unsigned} records are not signed")
    told: Counter[tuple[str, int]] = Counter()
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            if record["kind"] == "event":
                told[record["body"]["id"], record["body"].get("revision", 0)] += 1
    problems += [f"ledger: {id_} is not in it" for id_, _ in sorted(set(wanted) - told.keys())]
    problems += [f"ledger: {id_} is in it {n} times" for (id_, _), n in told.items() if n > 1]
    return problems


def keep_copy(folder: Path, to: Path) -> None:
    """Copy it from a disk that will be gone, for whoever looks into a problem."""
    if folder.exists():
        shutil.copytree(folder, to, dirs_exist_ok=True)
