"""A device's enrolment: from the claim on its card to a certificate, and from each to the next.

`run_on_device` may be killed at any point and started again: each step is on flash before the next
begins, and the authority answers the same question twice in the same way.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from agent.quarantine import MARK
from agent.signing import SigningError, load_verifier
from agent.timekeeping import FILE as TIME_FILE
from agent.timekeeping import Known
from agent.wallclock import WallTime, read_wall_clock
from drivers import kept
from drivers.sensor import NotReadyError
from provisioning import enrolment_state
from provisioning.enrolment_state import Enrolment, tell
from provisioning.est import AskAgainError, Bundle, Est
from provisioning.identity import TPM, Identity, Pair, certificate_request
from provisioning.identity_wording import error as failed
from provisioning.identity_wording import failure
from provisioning.places import CONFIGURATION, IDENTITY, RUN, STATE, TAKEN_SEED
from provisioning.private_file import disk_errors, write_privately
from provisioning.remedy import ProvisioningError
from provisioning.seed import Claim, Seed, read_seed, seed_text
from provisioning.trust import anchors_text, is_issued_below, next_anchors, read_anchors

log = logging.getLogger(__name__)

RETRY_S, RETRY_MAX_S = 5.0, 600.0
FAILED_S = 3600.0  # before what somebody has to see to first is tried again
QUARANTINED_S = 1800.0
DONE, TEMPORARY, FAILED = 0, 75, 1  # 75 is EX_TEMPFAIL
_DUE = 2 / 3  # of a certificate's life
# what time alone, or somebody at the office, may mend: asked again soon
_PASSING = frozenset(
    {
        *("authority-unreachable", "authority-busy", "authority-failed", "authority-expired"),
        *("clock-wrong", "claim-unknown", "too-many-requests", "tls-refused"),
    }
)


def run_on_device(
    *, configuration: Path = CONFIGURATION, run: Path = RUN, once: bool = False
) -> int:
    """Enrol or renew, until that is done; with `once` try once. The exit code: 0, 75 or 1."""
    return Enroller(configuration, run).run(once=once)


@dataclass(frozen=True, slots=True)
class _Round:
    """What came of one attempt, and when to try again, in seconds; None: nothing is left to do."""

    told: Enrolment
    again_s: float | None


class Enroller:
    """Enrols one device, which keeps its files in `configuration` and `state`.

    `wait` sleeps for seconds; `jitter` (0 to 1) spreads a street of devices that come back at once.
    """

    def __init__(  # noqa: PLR0913  # what the outer world gives
        self,
        configuration: Path,
        run: Path,
        *,
        state: Path = STATE,
        tpm: Path = TPM,
        wall: Callable[[], WallTime] = read_wall_clock,
        wait: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._seed_file, self._run, self._state = configuration / TAKEN_SEED, run, state
        self._identity = Identity(configuration / IDENTITY.name, tpm=tpm)
        self._own_wall, self._wait, self._jitter = wall, wait, jitter

    def run(self, *, once: bool) -> int:
        """Go on until the device is enrolled, and say so in the state file; the exit code."""
        failures = 0
        while True:
            found = self.attempt()
            tell(self._run, found.told)
            state = found.told.state
            if once or found.again_s is None:
                return {"waiting": TEMPORARY, "failed": FAILED}.get(state, DONE)
            pause_s = found.again_s
            if state == "waiting":
                pause_s = min(RETRY_MAX_S, RETRY_S * 2.0 ** min(failures, 16))
                failures += 1
            self._wait(pause_s * (0.5 + self._jitter()))

    def attempt(self) -> _Round:
        """Try once."""
        try:
            try:
                self._step(read_seed(self._seed_file))
            except AskAgainError as wait:
                return _Round(self._quarantined(), wait.after_s)
            found = self._identity.current
            if found is not None and is_quarantined(found.leaf()):
                return _Round(self._quarantined(), QUARANTINED_S)
            return _Round(enrolment_state.enrolled(self._not_after()), None)
        except ProvisioningError as error:
            log.warning("enrolment: %s", " ".join(error.failure.lines()[1:]))
            passing = error.failure.code in _PASSING
            told = enrolment_state.of(
                "waiting" if passing else "failed", error.failure, self._not_after()
            )
            return _Round(told, RETRY_S if passing else FAILED_S)

    def _step(self, seed: Seed) -> None:
        if seed.claim is not None:
            self._enrol(seed, seed.claim)
        elif (current := self._identity.current) is None:
            raise failed("claim-missing")
        else:
            self._keep(seed, current)

    def _enrol(self, seed: Seed, claim: Claim) -> None:
        """Get the first certificate. The claim is forgotten once the pair is in place."""
        identity = self._identity
        read_anchors(seed.authority.anchors)
        identity.trust(seed.authority.anchors)
        pair = identity.prepare()
        est = Est(seed.authority.url, seed.authority.anchors, self._wall)
        chain = est.enrol(seed.device, claim.code, certificate_request(pair.signer(), seed.device))
        self._take(pair, chain, seed.device)
        identity.switch(pair)
        with disk_errors(self._seed_file):
            without = msgspec.structs.replace(seed, claim=None)
            write_privately(self._seed_file, seed_text(without).encode())
        identity.settle()
        log.info("enrolment: %s is enrolled", seed.device)

    def _keep(self, seed: Seed, current: Pair) -> None:
        """Renew what is due, and follow the authority to its next root."""
        pending = self._identity.pending
        if pending is not None and pending.folder == current.folder:
            self._identity.settle()
        leaf = current.leaf()
        try:
            est, bundle = self._follow(seed)
        except ProvisioningError as error:
            is_good = not is_quarantined(leaf) and leaf.not_valid_after_utc >= self._now(None)
            if not is_good or error.failure.code not in _PASSING:
                raise
            log.info("enrolment: the authority is away; the certificate is still good")
            return
        lived = self._now(bundle.at) - leaf.not_valid_before_utc
        life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
        if is_quarantined(leaf) or lived >= life * _DUE:
            self._renew(seed, est, current)

    def _follow(self, seed: Seed) -> tuple[Est, Bundle]:
        """Look at the authority's certificates, and trust its next root if it may be trusted."""
        with disk_errors(self._identity.anchors):
            text = self._identity.anchors.read_text("ascii")
        est = Est(seed.authority.url, text, self._wall)
        bundle = est.bundle()
        trusted = read_anchors(text)
        found = next_anchors(trusted, bundle.certificates, self._now(bundle.at))
        if found != trusted:
            fresh = anchors_text(found)
            est = Est(seed.authority.url, fresh, self._wall)
            bundle = est.bundle()  # nothing is given up before the rest has been seen to do
            self._identity.trust(fresh)
            log.warning("enrolment: the authority's roots are now %s", _names(found))
        return est, bundle

    def _renew(self, seed: Seed, est: Est, current: Pair) -> None:
        """Get the next pair, see it work, and switch to it."""
        identity = self._identity
        pair = identity.prepare()
        if not pair.is_whole:
            try:
                request = certificate_request(pair.signer(), seed.device)
                self._take(pair, est.renew(current, request), seed.device)
            except ProvisioningError as error:
                # an authority that came back from a backup knows the one before
                if error.failure.code == "certificate-refused" and identity.go_back():
                    raise failed("authority-busy", "by the previous certificate") from None
                raise
        est.bundle(pair)
        identity.switch(pair)
        identity.settle()
        log.info("enrolment: renewed until %s", pair.leaf().not_valid_after_utc)

    def _take(self, pair: Pair, chain: Sequence[x509.Certificate], device: str) -> None:
        """Keep a certificate that came, if it is what was asked for."""
        own = [each for each in chain if _key_id(each) == pair.signer().key_id]
        if not own or common_name(own[0]) not in {device, MARK + device}:
            raise failed("certificate-wrong", "another key, or another name")
        anchors = read_anchors(self._identity.anchors.read_text("ascii"))
        between = [each for each in chain if each not in own and each.subject != each.issuer]
        if not is_issued_below(own[0], between, anchors):
            raise failed("certificate-wrong", "not issued below a root that is trusted")
        if own[0].not_valid_after_utc < self._now(None):
            raise failed("certificate-wrong", "it has ended")
        self._identity.take(pair, anchors_text([own[0], *between]).encode())

    def _wall(self) -> WallTime:
        """What is known of the time: no clock may show what is surely past."""
        found, past_s = self._own_wall(), self._floor_s()
        if found.unix_s < past_s:
            return replace(found, source="unset", uncertainty_s=None, past_s=past_s)
        return replace(found, past_s=max(found.past_s, past_s))

    def _floor_s(self) -> float:
        """Unix seconds that are surely past: kept by the agent, and said by the certificate."""
        floors = [0.0]
        try:
            known = kept.load(self._state / TIME_FILE, Known, what="time", remedy="none")
            floors.append(known.floor)
        except NotReadyError as error:
            log.debug("enrolment: %s", error)
        if (current := self._identity.current) is not None and current.is_whole:
            floors.append(current.leaf().not_valid_before_utc.timestamp())
        return max(floors)

    def _now(self, at_the_authority: datetime | None) -> datetime:
        """The best guess: our clock if it is vouched for, else the authority's, else the floor."""
        wall = self._wall()
        if wall.earliest is None:
            return datetime.fromtimestamp(wall.unix_s, UTC)
        return at_the_authority or datetime.fromtimestamp(wall.past_s, UTC)

    def _quarantined(self) -> Enrolment:
        return enrolment_state.of("quarantined", failure("quarantined"), self._not_after())

    def _not_after(self) -> datetime | None:
        current = self._identity.current
        if current is None:
            return None
        try:
            return current.leaf().not_valid_after_utc
        except ProvisioningError:
            return None


def common_name(certificate: x509.Certificate) -> str:
    """Whom a certificate names; empty if nobody, or several."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""


def is_quarantined(certificate: x509.Certificate) -> bool:
    """Whether it opens the quarantine's topics alone."""
    return common_name(certificate).startswith(MARK)


def _key_id(certificate: x509.Certificate) -> str:
    try:
        return load_verifier(anchors_text([certificate]).encode()).key_id
    except SigningError:
        return ""


def _names(anchors: Sequence[x509.Certificate]) -> str:
    return ", ".join(map(common_name, anchors))
