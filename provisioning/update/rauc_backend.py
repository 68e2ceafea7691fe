"""RAUC's questions about what starts, and its wishes: its custom backend.

    rauc_backend get-primary | set-primary S | get-state S | set-state S good|bad

`set-primary` of the other slot gives it one start on trial; `set-state` of the slot that runs to
good has it kept. All that writes the card's first partition is done here, in RAUC's own service.
"""

import sys
from collections.abc import Sequence

from provisioning.remedy import ProvisioningError
from provisioning.update.boot_slot import BootSlots, Slot
from provisioning.update.slot_record import SlotRecord

_USAGE, _FAILED = 64, 1


def answer(words: Sequence[str], slots: BootSlots, record: SlotRecord) -> str | None:
    """What RAUC is answered, empty for a wish; None for what is no question of RAUC's.

    Raises:
        ProvisioningError: The card cannot be read or written.
        OSError: The data partition takes nothing.
    """
    match list(words):
        case ["get-primary"]:
            return slots.primary
        case ["get-state", ("A" | "B") as name]:
            return "good" if record.is_good(Slot(name)) else "bad"
        case ["set-primary", ("A" | "B") as name]:
            if Slot(name) is slots.booted:
                slots.keep()
            else:
                slots.begin_trial()
            return ""
        case ["set-state", ("A" | "B") as name, ("good" | "bad") as state]:
            _set_state(Slot(name), slots, record, good=state == "good")
            return ""
    return None


def _set_state(slot: Slot, slots: BootSlots, record: SlotRecord, *, good: bool) -> None:
    record.tell(slot, good=good)
    if slot is slots.booted:
        if good:
            slots.keep()
        elif slot is slots.primary and record.is_good(slot.other):
            slots.give_up()
    elif not good and slots.is_begun:
        slots.call_off()


def main() -> int:
    """Answer RAUC."""
    try:
        said = answer(sys.argv[1:], BootSlots(), SlotRecord())
    except (ProvisioningError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    if said is None:
        sys.stderr.write(f"{(__doc__ or '').splitlines()[2].strip()}\n")
        return _USAGE
    sys.stdout.write(f"{said}\n" if said else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
