"""A device as if nobody had ever used it; proven by reading the whole data partition again.

First the key goes, so that nobody can be this device any more, then every file, overwritten where
it lies; then all free space is overwritten and given back to the card. Then the raw partition is
searched for every block that a file had, and for names and numbers that people would know. What
the card itself keeps aside (worn-out and spare blocks) no software can reach; docs/provisioning.md
says so.
"""

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import __version__
from agent.state_lock import AlreadyRunningError, hold
from agent.values import Why
from provisioning.boot_partition import put_whole
from provisioning.card_content import CARD_FILE
from provisioning.first_run import FIRSTRUN, NETWORK, wifi_of
from provisioning.places import (
    CONTACTS,
    DEVICE_TOML,
    FIRST_BOOT,
    SEED_FILE,
    SEED_FOLDER,
    TAKEN_SEED,
)
from provisioning.remedy import Failure, ProvisioningError
from provisioning.traces import Traces
from provisioning.wiping import (
    churn,
    empty,
    files_in,
    fill_free_space,
    is_made_here,
    scrub_names,
    trim,
    wipe_file,
)

PROOF = "reset.json"  # on the card
TRACES_LEFT = "traces-left"
_ROUNDS = 2
_SHORTEST_NAME = 6  # what is shorter is found by chance
_CHURN = 400  # changes; each writes some blocks of the journal's 1024 (4 MiB)
_UNITS = (
    *("haetae-apply.path", "haetae-setup.path", "haetae-enroll.timer", "haetae-renew.timer"),
    *("haetae-enroll.service", "haetae-setup.service"),
    *("haetae-agent.service", "haetae-perception.service", "haetae-wifi.service"),
)
_PERSONAL = frozenset({"ko", "en", "name", "phone", "relation", "ssid", "psk", "code"})

Started = Callable[[Why, int], Callable[[int], None]]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is reset: `folders` on the data partition, of which the first is the configuration.

    `partition` is its block device (else found), `run` what lies in memory.
    """

    folders: Sequence[Path]
    state: Path
    run: Path
    partition: Path | None = None

    @property
    def configuration(self) -> Path:
        """Where key, seed and contacts are."""
        return self.folders[0]


@dataclass(slots=True)
class Reset:
    """One reset, step by step; `texts` are sought beside what is found in the files.

    `proof` is what was done so far, in counts: nothing of what was there is in it.
    """

    ground: Ground
    texts: Sequence[str]
    started: Started
    proof: dict[str, Any] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Do it all; the proof, in which there is nothing of what was there.

        Raises:
            ProvisioningError: The agent runs, the partition is not found, or traces are left.
            OSError: The disk refuses.
        """
        folders = [each for each in self.ground.folders if each.is_dir()]
        partition = self.ground.partition or partition_of(folders)
        with _nothing_running(self.ground.state):
            traces = self._traces(folders)
            self._wipe_key()
            self._wipe(folders)
        shutil.rmtree(self.ground.run, ignore_errors=True)  # in memory: gone with the power
        left: Sequence[int] = []
        for n in range(1, _ROUNDS + 1):
            self._overwrite(folders[0])
            left = self._search(traces, partition)
            self.proof["rounds"] = n
            if not left:
                break
            churn(folders[0], _CHURN)
        self.proof |= {"sought": traces.count, "found": len(left), "software": __version__}
        if left:
            raise ProvisioningError(_traces_left(len(left)))
        return self.proof

    def _traces(self, folders: Sequence[Path]) -> Traces:
        """What every file holds, and what people would know somebody by."""
        traces, count = Traces(), 0
        for text in (*self.texts, *_personal_texts(self.ground.configuration)):
            traces.add_text(text)
        kept = "/".join(str(folder) for folder in folders)
        for folder in folders:
            for path in files_in(folder):
                traces.add_file(path)
                count += 1
            for path in folder.rglob("*"):  # a recording or a baseline is named after something
                is_ours = path.name in kept or is_made_here(path.name)
                if len(path.name) >= _SHORTEST_NAME and not is_ours:
                    traces.add_text(path.name)
        self.proof["files"] = count
        return traces

    def _wipe_key(self) -> None:
        """Without its key nobody can sign as this device, whatever else is ever found."""
        keys = [p for p in files_in(self.ground.configuration) if p.suffix == ".key"]
        for path in keys:
            wipe_file(path)
        self.proof["keys_destroyed"] = len(keys)

    def _wipe(self, folders: Sequence[Path]) -> None:
        self.proof["overwritten_bytes"] = sum(map(empty, folders))
        for folder in folders:
            scrub_names(folder)
        churn(folders[0], _CHURN)
        os.sync()

    def _overwrite(self, folder: Path) -> None:
        space = os.statvfs(folder)
        told = Why("빈 공간을 덮어쓰는 중", "overwriting free space")
        advance = self.started(told, space.f_bfree * space.f_frsize)
        self.proof["filled_bytes"] = fill_free_space(folder, advance)
        os.sync()
        self.proof["discarded_bytes"] = trim(folder)

    def _search(self, traces: Traces, partition: Path) -> Sequence[int]:
        with partition.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
        self.proof["partition_bytes"] = size
        advance = self.started(Why("남은 흔적을 찾는 중", "looking for traces"), size)
        return traces.found_on(partition, advance)


def partition_of(folders: Sequence[Path]) -> Path:
    """The block device that all of these folders lie on.

    Raises:
        ProvisioningError: They lie on several, or on none that can be read.
    """
    devices = {folder.stat().st_dev for folder in folders}
    if len(devices) == 1:
        number = devices.pop()
        about = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/uevent")
        try:
            lines = about.read_text("ascii").splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith("DEVNAME="):
                return Path("/dev") / line.removeprefix("DEVNAME=")
    raise ProvisioningError(_no_partition(", ".join(map(str, folders))))


def leave_on_card(boot: Path, proof: Mapping[str, Any]) -> None:
    """Put the proof on the card's first partition, where a laptop reads it, and nobody's name.

    The partition is to be writable; one without our folder stays as it is.

    Raises:
        OSError: The partition takes nothing.
    """
    folder = boot / SEED_FOLDER
    if not folder.is_dir():
        return
    for path in (*(folder / each for each in (CARD_FILE, FIRST_BOOT, SEED_FILE)), *_wifi(boot)):
        if path.exists():
            wipe_file(path)
    put_whole(folder / PROOF, json.dumps(proof, indent=1) + "\n")
    os.sync()


def _wifi(boot: Path) -> Sequence[Path]:
    """The place's network, where somebody has set it in Raspberry Pi Imager."""
    return [boot / NETWORK, boot / FIRSTRUN] if wifi_of(boot) is not None else []


def stop_services() -> None:
    """Stop what writes to the data partition, where there is a system manager to ask."""
    if Path("/run/systemd/system").is_dir() and (systemctl := shutil.which("systemctl")):
        subprocess.run((systemctl, "stop", *_UNITS), check=False)  # noqa: S603  # fixed words


@contextmanager
def _nothing_running(state: Path) -> Iterator[None]:
    try:
        with hold(state):
            yield
    except AlreadyRunningError as error:
        raise ProvisioningError(_running(str(error))) from None


def _personal_texts(configuration: Path) -> Iterator[str]:
    """Names, numbers, places and networks that the device was told."""
    for name in (CONTACTS, TAKEN_SEED, DEVICE_TOML):
        try:
            text = (configuration / name).read_text("utf-8")
            found = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
        except (OSError, ValueError):
            continue  # its blocks are sought all the same
        yield from _texts(found)


def _texts(found: Any, key: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for name, each in found.items():
            yield from _texts(each, str(name))
    elif isinstance(found, list):
        for each in found:
            yield from _texts(each, key)
    elif isinstance(found, str) and key in _PERSONAL:
        yield found


def _traces_left(count: int) -> Failure:
    return Failure(
        TRACES_LEFT,
        Why(
            f"지운 뒤에도 카드의 {count}곳에 흔적이 남아 있습니다.",
            f"There are traces in {count} places of the card after it was wiped.",
        ),
        Why(
            "다시 실행해 주세요. 또 남으면 카드를 잘라서 버리고 새 카드를 쓰세요.",
            "Run it again. If some are still left, cut the card up and use a new one.",
        ),
    )


def _running(detail: str) -> Failure:
    return Failure(
        "agent-running",
        Why("기기가 아직 일하고 있습니다.", "The device is still at work."),
        Why(
            "sudo systemctl stop haetae-agent 를 실행한 뒤 다시 해 주세요. "
            "아무것도 지우지 않았습니다.",
            "Run sudo systemctl stop haetae-agent and try again. Nothing was erased.",
        ),
        detail,
    )


def _no_partition(detail: str) -> Failure:
    return Failure(
        "no-data-partition",
        Why(
            "기기의 자료가 있는 파티션을 찾지 못했습니다. 아무것도 지우지 않았습니다.",
            "The partition that holds the device's data was not found. Nothing was erased.",
        ),
        Why(
            "기기에서 root로 실행하거나, --partition 으로 파티션을 정해 주세요.",
            "Run it on the device as root, or name the partition with --partition.",
        ),
        detail,
    )
