"""A reset that somebody has asked for, done as the device starts, before anything else runs.

From its first step to its last a file on the card's first partition says that it has begun: the
device's own name is among what is erased, and a power cut must not leave half of it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.values import Why
from agent.wallclock import read_wall_clock
from drivers.kept import sync
from provisioning.boot_partition import put_whole
from provisioning.card_content import CARD_FILE
from provisioning.factory_reset import PROOF, TRACES_LEFT, Ground, Reset, leave_on_card
from provisioning.first_boot_words import failure
from provisioning.places import SEED_FOLDER
from provisioning.remedy import Failure, ProvisioningError
from provisioning.reset_request import BEGUN, ON_CARD, ON_DEVICE, device_in, request_text

_TENTH = 10


@dataclass(frozen=True, slots=True)
class ResetAtBoot:
    """`boot` is the card's first partition; `working` is told how far it is, a line each."""

    boot: Path
    ground: Ground
    working: Callable[[str], None]

    def run(self, device: str | None) -> tuple[bool, list[Failure]]:
        """Do what is asked of this device, or what was begun; None is one without a name.

        Returns whether nothing of the device is to be used any more, and what is to be told.
        """
        begun = device_in(self._folder / BEGUN)
        named = begun or self._asked(device)
        if named is None:
            is_other = (self._folder / ON_CARD).exists()
            return False, [failure("reset-of-another", "no device of ours")] if is_other else []
        if device not in {None, named}:
            return False, [failure("reset-of-another", f"{named}, not {device}")]
        try:
            return self._reset(named, is_begun=begun is not None)
        except OSError as error:
            is_touched = (self._folder / BEGUN).exists()
            code = "reset-unfinished" if is_touched else "reset-card-unwritable"
            return is_touched, [failure(code, str(error))]

    def outcome(self) -> Failure | None:
        """What is to be told of the last reset at every start until there is a new card."""
        if (proof := self._proof()) is None:
            return None
        return failure("reset-traces" if proof.get("found") else "was-reset")

    @property
    def _folder(self) -> Path:
        return self.boot / SEED_FOLDER

    def _asked(self, device: str | None) -> str | None:
        """Whom a request names; where the device has no name, its card's text must name it, too."""
        if (named := device_in(self.ground.configuration / ON_DEVICE)) is not None:
            return named
        named = device_in(self._folder / ON_CARD)
        if device is None and named != device_in(self._folder / CARD_FILE):
            return None
        return named

    def _reset(self, device: str, *, is_begun: bool) -> tuple[bool, list[Failure]]:
        if not (is_begun and self._proof()):
            self._begin(device)
            reset = Reset(self.ground, [], self._started)
            try:
                reset.run()
            except ProvisioningError as error:
                if error.failure.code != TRACES_LEFT:
                    return False, [error.failure]
            about = {"device": device, "at": read_wall_clock().iso, "resumed": is_begun}
            leave_on_card(self.boot, about | reset.proof)
        for name in (ON_CARD, BEGUN):
            (self._folder / name).unlink(missing_ok=True)
        sync(self._folder)
        told = self.outcome()
        return True, [] if told is None else [told]

    def _begin(self, device: str) -> None:
        """Say on the card that it has begun; what an earlier reset has left there is void."""
        self._folder.mkdir(exist_ok=True)
        (self._folder / PROOF).unlink(missing_ok=True)
        put_whole(self._folder / BEGUN, request_text(device))

    def _proof(self) -> dict[str, Any] | None:
        try:
            found = json.loads((self._folder / PROOF).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _started(self, label: Why, size: int) -> Callable[[int], None]:
        """Tells each tenth of a step, and in between that it goes on."""
        done, told = 0, -1

        def advance(count: int) -> None:
            nonlocal done, told
            done += count
            tenth = _TENTH * done // max(size, 1)
            self.working(f"{label.ko} · {label.en}: {10 * tenth} %" if tenth != told else "")
            told = tenth

        return advance
