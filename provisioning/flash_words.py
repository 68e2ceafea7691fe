"""What people are told about a card that is made, or is not: both languages, and what to do."""

from pathlib import Path

from agent.values import Why
from provisioning.disks import Disk, size_words
from provisioning.remedy import Failure
from provisioning.seed import Seed
from provisioning.sites import PROFILES


def done(target: Path, seed: Seed) -> Why:
    """The card is made."""
    return Why(
        f"{seed.device} 카드를 만들고 확인했습니다. 이제 빼도 됩니다. "
        f"'{seed.place.ko}' 라벨을 기기에 붙이고 카드를 꽂으세요.",
        f"The card of {seed.device} is written and verified: it is safe to remove {target.name}. "
        f"Put the label '{seed.place.en}' on the device, and the card into it.",
    )


def no_cards() -> Failure:
    """There is none to be seen."""
    return Failure(
        "no-card",
        Why("꽂힌 카드를 찾지 못했습니다.", "No card was found."),
        Why(
            "카드를 리더기에 끝까지 꽂고 5초쯤 기다린 뒤 다시 해 주세요. "
            "그래도 없으면 다른 리더기를 써 주세요.",
            "Push the card all the way into the reader, wait five seconds, and try again. "
            "If it is still not found, use another reader.",
        ),
    )


def which_seed() -> Failure:
    """Neither or both of two options."""
    return Failure(
        "which-device",
        Why("어느 기기의 카드인지 모릅니다.", "It is not said whose card this is to be."),
        Why(
            "--device 기기이름 또는 --seed 파일 가운데 하나만 적어 주세요.",
            "Give one of --device ID and --seed FILE.",
        ),
    )


def unknown_profile(seed: Seed) -> Failure:
    """A seed for a profile that there is not."""
    known = ", ".join(sorted(path.stem for path in PROFILES.glob("*.toml")))
    return Failure(
        "profile-unknown",
        Why(
            f"{seed.device}의 프로필 {seed.profile} 은(는) 없습니다.",
            f"There is no profile {seed.profile}, as {seed.device} is to have.",
        ),
        Why(
            "표에서 프로필을 고친 뒤 batch --remake 로 다시 만들어 주세요.",
            "Mend the profile in the table and make the device again with batch --remake.",
        ),
        f"one of {known}",
    )


def part_of_a_disk(target: Path) -> Failure:
    """A partition, where a whole card belongs."""
    return Failure(
        "not-a-whole-card",
        Why(f"{target}: 카드 전체가 아닙니다.", f"{target} is not a whole card."),
        Why(
            "haetae-provision cards 가 보여 주는 이름(예: /dev/sdb)을 그대로 적어 주세요.",
            "Give the name as haetae-provision cards shows it, such as /dev/sdb.",
        ),
    )


_ANOTHER = Why(
    "다른 카드를 쓰거나, 정말 지워도 되면 다시 실행해 묻는 말을 그대로 입력해 주세요.",
    "Use another card; or, if it may really be erased, run it again and type the word asked for.",
)


def other_device(device: str) -> Failure:
    """It is the card of another device."""
    return Failure(
        "another-devices-card",
        Why(
            f"이 카드는 다른 기기({device})의 것입니다. 계속하면 그 기기의 내용이 지워집니다.",
            f"This is the card of another device, {device}. Going on erases it.",
        ),
        _ANOTHER,
        device,
    )


def foreign(target: Path, disk: Disk | None) -> Failure:
    """There is something on it."""
    what = disk.description if disk is not None else str(target)
    return Failure(
        "card-has-data",
        Why(
            f"{what}: 다른 자료가 들어 있습니다. 계속하면 모두 지워집니다.",
            f"{what} holds other data. Going on erases all of it.",
        ),
        _ANOTHER,
    )


def fixed(disk: Disk) -> Failure:
    """It cannot be taken out."""
    return Failure(
        "not-a-card",
        Why(
            f"{disk.description}: 뺄 수 있는 카드가 아니라 내장 디스크로 보입니다.",
            f"{disk.description} seems to be built in, not a card that can be taken out.",
        ),
        _ANOTHER,
        size_words(disk.size_bytes),
    )
