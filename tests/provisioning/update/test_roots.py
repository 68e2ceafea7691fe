"""Roots follow one another where the one before vouches for it; who is withdrawn is out."""

from datetime import timedelta
from pathlib import Path

import pytest

from hw_mocks.release_keys import ReleaseKeys
from provisioning.ca import keys as authority
from provisioning.update.bundle import opened
from provisioning.update.keys import withdrawal
from provisioning.update.manifest import ROOTS_FILE, VOUCHERS_FILE
from provisioning.update.roots import trusted_through
from provisioning.update.signing import (
    CATALOGUE,
    Signer,
    parse_roots,
    read_withdrawn,
    verified,
)
from tests.provisioning.update.releases import MADE, known, made, refusal, unknown

BEGINS = MADE - timedelta(days=1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=BEGINS)


def test_a_signer_that_its_root_has_withdrawn_signs_nothing_any_more(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    path = made(tmp_path / "b", signer)
    listed = withdrawal([signer.certificate], [], keys.root, keys.key, at=MADE)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(keys.roots.read_bytes() + listed)
    assert refusal(lambda: opened(path, [roots])) == "release-untrusted"
    opened(made(tmp_path / "c", keys.signer(at=BEGINS)), [roots])
    found = verified(signer.sign(b"x", CATALOGUE), CATALOGUE, [keys.root])
    withdrawn = read_withdrawn([roots])
    assert refusal(lambda: found.check_withdrawn(withdrawn)) == "release-untrusted"


def test_a_list_of_somebody_else_withdraws_nobody(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    other = ReleaseKeys(tmp_path / "other")
    listed = withdrawal([signer.certificate], [], keys.root, other.key, at=MADE)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(keys.roots.read_bytes() + listed)
    opened(made(tmp_path / "b", signer), [roots])


class Succession:
    """Three roots, each vouched for by the one before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new, self.newer = (
            ReleaseKeys(folder / each, each) for each in ("old", "new", "newer")
        )
        self.crossed = [
            authority.crossed(one.root, one.key, other.root, other.key)[0]
            for one, other in ((self.old, self.new), (self.new, self.newer))
        ]

    def bundle(self, signer: Signer, *roots: ReleaseKeys, vouchers: bool = True) -> Path:
        files = {ROOTS_FILE: authority.pem(*(each.root for each in roots))}
        if vouchers:
            files[VOUCHERS_FILE] = authority.pem(*self.crossed, self.new.root)
        name = "-".join(each.folder.name for each in roots) + str(vouchers)
        return made(self.folder / name, signer, files, kind="keys", lock="")


@pytest.fixture
def roots(tmp_path: Path) -> Succession:
    return Succession(tmp_path)


def test_a_root_that_todays_vouches_for_is_taken_and_then_the_old_one_may_go(
    roots: Succession,
) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.old, roots.new)
    overlap = roots.folder / "overlap"
    opened(path, [roots.old.roots]).unpack(overlap)
    both = overlap / ROOTS_FILE
    path = roots.bundle(roots.new.signer(at=BEGINS), roots.new)
    assert refusal(lambda: opened(path, [roots.old.roots])) == "release-untrusted"
    opened(path, [both])
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.new)
    opened(path, [both])


def test_the_last_root_is_never_removed(roots: Succession) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.new)
    assert refusal(lambda: opened(path, [roots.old.roots])) == "roots-refused"


def test_a_signer_alone_brings_no_root(roots: Succession) -> None:
    signer = roots.old.signer(at=BEGINS)
    unvouched = roots.bundle(signer, roots.old, roots.new, vouchers=False)
    assert refusal(lambda: opened(unvouched, [roots.old.roots])) == "roots-refused"
    stranger = roots.bundle(signer, roots.old, ReleaseKeys(roots.folder / "stranger"))
    assert refusal(lambda: opened(stranger, [roots.old.roots])) == "roots-refused"
    skipping = roots.bundle(signer, roots.old, roots.newer)  # not vouched for by today's
    assert refusal(lambda: opened(skipping, [roots.old.roots])) == "roots-refused"


def test_there_are_two_roots_at_the_most(roots: Succession) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.old, roots.new, roots.newer)
    assert refusal(lambda: opened(path, [roots.old.roots])) == "roots-refused"


def test_an_ended_root_is_no_successor(roots: Succession) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.old, roots.new)
    late = known(25 * 365)
    assert refusal(lambda: opened(path, [roots.old.roots], at=late)) in {
        "signer-expired",
        "roots-refused",
    }


def test_who_was_withdrawn_does_not_come_back_with_new_keys(
    roots: Succession, tmp_path: Path
) -> None:
    stolen, signer = roots.old.signer(at=BEGINS), roots.old.signer(at=BEGINS)
    listed = withdrawal([stolen.certificate], [], roots.old.root, roots.old.key, at=MADE)
    today = tmp_path / "today.pem"
    today.write_bytes(roots.old.roots.read_bytes() + listed)
    path = roots.bundle(signer, roots.old, roots.new)
    assert refusal(lambda: opened(path, [today])) == "roots-refused"


def test_a_device_that_missed_a_root_knows_its_successor(roots: Succession) -> None:
    """A system made under the oldest root still knows by whom later keys may be signed."""
    files = {
        ROOTS_FILE: authority.pem(roots.newer.root),
        VOUCHERS_FILE: authority.pem(*roots.crossed, roots.new.root),
    }
    shipped = parse_roots(roots.old.roots.read_bytes())
    found = trusted_through(shipped, files, unknown())
    assert found == [roots.old.root, roots.new.root, roots.newer.root]
    files[VOUCHERS_FILE] = authority.pem(roots.crossed[1], roots.new.root)
    assert trusted_through(shipped, files, unknown()) == shipped
