"""The next root: who may name it, and how a device comes to trust it (RFC 7030 §4.1.3)."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.ca import keys
from provisioning.trust import read_anchors
from tests.provisioning.cities import CURVE, City, Stall


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path / "city")


@pytest.fixture
def stall(city: City, tmp_path: Path) -> Stall:
    """A device that is enrolled under the first root."""
    with city.open():
        found = Stall(tmp_path / "stall", city, city.claim())
        assert found.enrol() == 0
    return found


def anchors(stall: Stall) -> list[str]:
    text = stall.identity.anchors.read_text("ascii")
    return [each.subject.rfc4514_string() for each in read_anchors(text)]


def next_root(city: City, *, is_crossed: bool = True) -> None:
    key = ec.generate_private_key(CURVE)
    root = keys.new_root("next root", key)
    if is_crossed:
        city.crossed = keys.crossed(city.root, city.root_key, root, key)
    city.roots = [city.root, root]
    city.following = root, key


def change_over(city: City, *, keep_old: bool) -> None:
    """The issuer is another, signed by the next root."""
    old = city.root
    city.root, city.root_key = city.following
    city.new_issuer()
    city.roots = [old, city.root] if keep_old else [city.root]


def visit(city: City, stall: Stall) -> str:
    with city.open():
        stall.ask(city.url)
        assert stall.enrol() == 0 or stall.told.code
        return stall.told.code


def test_a_root_that_the_old_one_has_signed_is_trusted_beside_it(city: City, stall: Stall) -> None:
    next_root(city)
    assert not visit(city, stall)
    assert anchors(stall) == ["CN=city root", "CN=next root"]
    assert not visit(city, stall)
    assert anchors(stall) == ["CN=city root", "CN=next root"]


def test_a_root_that_nobody_vouches_for_is_not(city: City, stall: Stall) -> None:
    """Whoever holds the online issuer's key can put it there, and gains nothing by it."""
    next_root(city, is_crossed=False)
    assert not visit(city, stall)
    assert anchors(stall) == ["CN=city root"]


def test_a_foreign_root_with_a_borrowed_name_is_not(city: City, stall: Stall) -> None:
    next_root(city)
    foreign = keys.new_root("next root", ec.generate_private_key(CURVE))
    city.roots = [city.root, foreign]
    assert not visit(city, stall)
    assert anchors(stall) == ["CN=city root"]


def test_the_change_over_goes_unnoticed(city: City, stall: Stall) -> None:
    next_root(city)
    assert not visit(city, stall)
    change_over(city, keep_old=True)
    assert not visit(city, stall)
    change_over_is_over(city)
    assert not visit(city, stall)
    assert anchors(stall) == ["CN=next root"]


def change_over_is_over(city: City) -> None:
    city.roots, city.crossed = [city.root], ()


def test_who_slept_through_the_announcement_finds_in_by_the_cross_certificate(
    city: City, stall: Stall
) -> None:
    next_root(city)
    change_over(city, keep_old=True)
    assert not visit(city, stall)
    assert anchors(stall) == ["CN=city root", "CN=next root"]


def test_who_slept_through_all_of_it_is_told_to_get_a_card(city: City, stall: Stall) -> None:
    next_root(city)
    change_over(city, keep_old=False)
    change_over_is_over(city)
    assert visit(city, stall) == "wrong-authority"
    assert anchors(stall) == ["CN=city root"]
