"""From a table of sites to devices: an id, codes and a seed each, and an entry in the journal.

It may be interrupted anywhere and run again: a device that is in the journal stays as it is, one
that is only in the folder is entered, and the others are made.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from agent.values import Why
from provisioning import seed as seeds
from provisioning.batch_folder import BatchFolder, LabelData
from provisioning.city import City
from provisioning.journal import Journal, Made
from provisioning.office import claim_digest
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import Claim, Seed
from provisioning.sites import LONGEST_DEVICE, Site

CLAIM_DAYS = 90
_TAIL_LENGTH = 5  # 25 bits: two laptops that name 100 devices each at one site meet once in 3,000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: `is_new` unless an earlier run had made it."""

    device: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What the devices of one batch have in common. `claim_days` from now the codes expire."""

    city: City
    folder: BatchFolder
    journal: Journal
    now: Callable[[], datetime]
    claim_days: int = CLAIM_DAYS

    def make(
        self, sites: Sequence[Site], remake: Collection[str] = (), *, new_labels: bool = False
    ) -> Iterator[Outcome]:
        """Make what is not made yet, one row after another; `remake` are made again in any case.

        With `new_labels` those get another setup code, too, and the label on the box is void.

        Raises:
            ProvisioningError: A row contradicts what was made, or the disk takes no more.
        """
        orphans = self._orphans()
        found = [self._earlier(site, orphans, remake) for site in sites]  # before any is made
        self._see_what_lost_its_row(sites, found)
        known = {made.device for made in found if made is not None}
        if unknown := sorted(set(remake) - known):
            raise ProvisioningError(_not_made(unknown[0]))
        taken = {made.device for made in self.journal.devices()}
        taken |= {site.device for site in sites if site.device is not None}
        for site, made in zip(sites, found, strict=True):
            if made is not None and made.device not in remake:
                yield Outcome(made.device, is_new=False)
                continue
            device = made.device if made is not None else site.device or _new_id(site.site, taken)
            taken.add(device)
            self._make(site, device, new_label=new_labels and device in remake)
            yield Outcome(device, is_new=True)

    def _earlier(
        self, site: Site, orphans: Collection[Seed], remake: Collection[str]
    ) -> Made | None:
        """What an earlier run made of this row."""
        made = self.journal.asked_for(site.request)
        if made is None and site.device is not None:
            made = self.journal.made(site.device)
        if made is None:
            return next((self._enter(site, seed) for seed in orphans if _is_of(seed, site)), None)
        if made.folder != self.folder.path:
            raise ProvisioningError(_elsewhere(site, made))
        seed = self.folder.seed(made.device)
        is_same = (made.site, made.place, made.profile) == (site.site, site.place, site.profile)
        if seed is not None:
            is_same = is_same and (seed.hub, seed.wifi) == (site.hub, site.wifi)
        if not is_same and made.device not in remake:
            raise ProvisioningError(_changed(site, made.device))
        return made

    def _see_what_lost_its_row(self, sites: Sequence[Site], found: Sequence[Made | None]) -> None:
        """See that no row is new where a device of its site has none any more.

        It would be that device's, put right, and the same place would get a second one.

        Raises:
            ProvisioningError: `row-changed`.
        """
        asked = {made.device for made in found if made is not None}
        new = [s for s, made in zip(sites, found, strict=True) if made is None and s.device is None]
        left = [
            made
            for name in {site.site for site in new}
            for made in self.journal.devices(name)
            if made.folder == self.folder.path
            and made.device not in asked
            and not self.journal.is_revoked(made.device)
        ]
        for site in new:
            if near := [made for made in left if made.site == site.site]:
                nearest = max(near, key=lambda made: _likeness(made.place, site.place))
                raise ProvisioningError(_put_right(site, nearest))

    def _orphans(self) -> Collection[Seed]:
        """Seeds that were written, but whose entry the journal did not get any more."""
        devices = [label.device for label in self.folder.labels()]
        seeds_here = [self.folder.seed(d) for d in devices if self.journal.made(d) is None]
        return [seed for seed in seeds_here if seed is not None and seed.claim is not None]

    def _make(self, site: Site, device: str, *, new_label: bool) -> None:
        # a label that is on its box stays good
        earlier = None if new_label else self.folder.label(device)
        code = earlier.code if earlier is not None else seeds.new_code(seeds.SETUP_CODE_LENGTH)
        expires = (self.now() + timedelta(days=self.claim_days)).replace(microsecond=0)
        seed = Seed(
            device=device,
            site=site.site,
            place=site.place,
            profile=site.profile,
            authority=self.city.authority,
            claim=Claim(code=seeds.new_code(seeds.CLAIM_CODE_LENGTH), expires=expires),
            setup=seeds.setup_for(code, device),
            hub=site.hub,
            updates=self.city.updates,
            wifi=site.wifi,
            phone=self.city.phone,
        )
        seed = seeds.parse_seed(seeds.seed_text(seed))  # holds every bound that the device checks
        label = LabelData(
            device=device, site=site.site, place=site.place, ssid=seed.setup.ssid, code=code
        )
        self.folder.keep(seed, label)
        self._enter(site, seed)

    def _enter(self, site: Site, seed: Seed) -> Made | None:
        if seed.claim is None:
            return None
        made = Made(
            device=seed.device,
            site=seed.site,
            place=seed.place,
            profile=seed.profile,
            folder=self.folder.path,
            request=site.request,
            claim_sha256=claim_digest(seed.claim.code),
            claim_expires=seed.claim.expires,
        )
        self.journal.add(made)
        return made


def _is_of(seed: Seed, site: Site) -> bool:
    """Whether this seed was made for this row, as it is now."""
    what = (seed.site, seed.place, seed.profile, seed.hub, seed.wifi)
    is_named = site.device in {None, seed.device}
    return is_named and what == (site.site, site.place, site.profile, site.hub, site.wifi)


def _likeness(one: Why, other: Why) -> float:
    return SequenceMatcher(None, f"{one.ko}{one.en}", f"{other.ko}{other.en}").ratio()


def _new_id(site: str, taken: Collection[str]) -> str:
    """A name that neither this laptop nor, almost surely, another has given."""
    head = site[: LONGEST_DEVICE - _TAIL_LENGTH - 1].rstrip("-")
    while True:
        tail = "".join(secrets.choice(seeds.ALPHABET.lower()) for _ in range(_TAIL_LENGTH))
        if (device := f"{head}-{tail}") not in taken:
            return device


def seed_of(journal: Journal, device: str) -> Seed:
    """The seed of a device that was made here, to be written to its card.

    Raises:
        ProvisioningError: There is no such device, or its seed is on its card already.
    """
    made = journal.made(device)
    if made is None:
        raise ProvisioningError(_not_made(device))
    seed = BatchFolder(made.folder).seed(device)
    if seed is None:
        raise ProvisioningError(_gone(device, made))
    return seed


def check_claim(seed: Seed, now: datetime) -> None:
    """See that a card made of this seed can enrol.

    Raises:
        ProvisioningError: Its claim code is used up or expired.
    """
    if seed.claim is None:
        raise ProvisioningError(_spent(seed.device, "no claim code in the seed"))
    if seed.claim.expires <= now:
        raise ProvisioningError(_spent(seed.device, f"expired {seed.claim.expires.isoformat()}"))


def described(outcome: Outcome) -> dict[str, object]:
    """The outcome as a record."""
    return {"device": outcome.device, "new": outcome.is_new}


def _remake(device: str) -> Why:
    return Why(
        f"같은 표로 batch --remake {device} 를 실행하면 새 등록 코드로 다시 만듭니다. "
        "이미 붙인 라벨은 그대로 쓸 수 있습니다.",
        f"Run batch with the same table and --remake {device}: it is made again with a new claim "
        "code. A label that is on the box already stays good.",
    )


def _spent(device: str, detail: str) -> Failure:
    return Failure(
        "claim-spent",
        Why(
            f"{device}의 등록 코드는 기한이 지났거나 이미 쓰였습니다.",
            f"The claim code of {device} has expired or was used.",
        ),
        _remake(device),
        detail,
    )


def _gone(device: str, made: Made) -> Failure:
    return Failure(
        "seed-gone",
        Why(
            f"{device}의 카드는 이미 만들었고, 등록 코드는 그때 노트북에서 지웠습니다.",
            f"The card of {device} was made already, and its claim code then deleted here.",
        ),
        _remake(device),
        str(made.folder),
    )


def _not_made(device: str) -> Failure:
    return Failure(
        "device-not-made",
        Why(
            f"이 노트북에서 만든 기기 가운데 {device} 은(는) 없습니다.",
            f"No device {device} was made on this laptop.",
        ),
        Why(
            "이름을 확인하고, 없으면 표에 넣어 batch 를 먼저 실행해 주세요. "
            "haetae-provision report 가 모든 기기를 보여 줍니다.",
            "Check the name; if it is new, put it in the table and run batch first. "
            "haetae-provision report lists all devices.",
        ),
        device,
    )


def _changed(site: Site, device: str) -> Failure:
    return Failure(
        "row-changed",
        Why(
            f"{site.row}행({device})이 카드 정보를 만든 뒤에 바뀌었습니다.",
            f"Row {site.row} ({device}) was changed after its card was prepared.",
        ),
        Why(
            f"바뀐 내용이 맞으면 {_remake(device).ko} 아니면 표를 되돌려 주세요.",
            f"If the change is right: {_remake(device).en} If not, put the row back.",
        ),
        device,
    )


def _put_right(site: Site, made: Made) -> Failure:
    device = made.device
    return Failure(
        "row-changed",
        Why(
            f"{site.row}행({site.place.ko})은 새 행인데, 같은 현장에 만든 {device}"
            f"({made.place.ko})의 행이 없어졌습니다.",
            f"Row {site.row} ({site.place.en}) is new, and {device} ({made.place.en}), which was "
            "made for the same site, has no row any more.",
        ),
        Why(
            f"{device} 의 행을 고친 것이면 그 행의 device 열에 {device} 를 적어 주세요. "
            f"{_remake(device).ko} 다른 기기이면 없어진 행을 되돌리거나, 쓰지 않는 {device} 를 "
            "revoke 로 중지하거나, 다른 --out 폴더를 쓰세요.",
            f"If the row was put right, write {device} into its column device. "
            f"{_remake(device).en} If it is another device: put the lost row back, revoke {device} "
            "if it is not used, or take another folder with --out.",
        ),
        device,
    )


def _elsewhere(site: Site, made: Made) -> Failure:
    return Failure(
        "made-elsewhere",
        Why(
            f"{site.row}행의 기기 {made.device} 은(는) 다른 폴더에 이미 만들었습니다.",
            f"The device {made.device} of row {site.row} was made already, in another folder.",
        ),
        Why(
            f"--out {made.folder} 로 다시 실행하거나, 이 행을 지워 주세요. "
            "폴더를 옮겼으면 제자리로 돌려놓아 주세요.",
            f"Run it again with --out {made.folder}, or delete this row. "
            "If the folder was moved, move it back.",
        ),
        made.device,
    )
