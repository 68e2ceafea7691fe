"""A release reaches the devices it is for, a few first, and never goes back."""

import hashlib
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.update import rollout
from provisioning.update.catalogue import Catalogue, Release
from provisioning.update.rollout import BUCKETS, Facts
from provisioning.update.signing import Moment
from provisioning.update.versions import is_newer, order
from tests.provisioning.update.releases import LOCK, MADE, known, offer, unknown

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
DEVICES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
NUMBERS = st.lists(st.integers(0, 99), min_size=2, max_size=4)
VERSIONS = st.builds(
    lambda numbers, candidate: ".".join(map(str, numbers)) + candidate,
    NUMBERS,
    st.one_of(st.just(""), st.integers(1, 9).map("rc{}".format)),
)


def facts(**said: object) -> Facts:
    told: dict[str, object] = {
        "device": "stall-17",
        "board": "haetae-arm64-rpi",
        "profile": "market-stall",
        "lock": LOCK,
        "versions": {"application": "0.2.0", "system": "1.0"},
    }
    return Facts(**told | said)  # type: ignore[arg-type]


def choose(*releases: Release, at: Moment | None = None, **said: object) -> Release | None:
    offered = Catalogue(serial=1, made=MADE, expires=known(30).at, releases=releases)
    return rollout.choose(offered, facts(**said), known() if at is None else at)


@given(digest=DIGESTS, device=DEVICES, few=st.floats(0, 100), more=st.floats(0, 100))
def test_who_is_in_at_some_percent_is_in_at_more(
    digest: str, device: str, few: float, more: float
) -> None:
    few, more = sorted((few, more))
    if rollout.is_in(offer(sha256=digest, percent=few), device):
        assert rollout.is_in(offer(sha256=digest, percent=more), device)


@given(digest=DIGESTS, device=DEVICES)
def test_nobody_is_in_at_0_percent_and_everybody_at_100(digest: str, device: str) -> None:
    assert not rollout.is_in(offer(sha256=digest, percent=0.0), device)
    assert rollout.is_in(offer(sha256=digest, percent=100.0), device)


def test_devices_are_spread_evenly() -> None:
    """Pearson's chi-squared over 100 groups of 10,000 names: 99 degrees of freedom, p = 0.001."""
    digest = hashlib.sha256(b"release").hexdigest()
    places = [rollout.bucket(digest, f"stall-{each}") for each in range(10_000)]
    assert all(0 <= each < BUCKETS for each in places)
    groups = Counter(each // 100 for each in places)
    assert sum((groups[each] - 100) ** 2 / 100 for each in range(100)) < 148.2
    ten = sum(rollout.is_in(offer(sha256=digest, percent=10.0), f"stall-{n}") for n in range(9999))
    assert abs(ten - 1000) < 4 * math.sqrt(10_000 * 0.1 * 0.9)


def test_each_release_begins_with_others() -> None:
    first, second = (hashlib.sha256(each).hexdigest() for each in (b"1", b"2"))
    names = [f"stall-{each}" for each in range(2000)]
    one, other = (
        {each for each in names if rollout.is_in(offer(sha256=digest, percent=10.0), each)}
        for digest in (first, second)
    )
    assert len(one & other) < 50  # 20 are in both by chance


def test_a_hundredth_of_a_percent_is_one_place_in_ten_thousand() -> None:
    digest = hashlib.sha256(b"release").hexdigest()
    names = [f"stall-{each}" for each in range(20_000)]
    first = [each for each in names if rollout.is_in(offer(sha256=digest, percent=0.01), each)]
    assert first == [each for each in names if rollout.bucket(digest, each) == 0]


def test_a_device_that_is_in_takes_it() -> None:
    assert choose(offer()) == offer()


@pytest.mark.parametrize(
    ("release", "code"),
    [
        (offer(boards=("haetae-arm64-rpi",)), ""),
        (offer(boards=("haetae-amd64",)), "update-other-board"),
        (offer(profiles=("market-stall", "daycare-air")), ""),
        (offer(profiles=("daycare-air",)), "update-other-profile"),
        (offer(version="0.2.0"), "update-not-newer"),
        (offer(version="0.1.9"), "update-not-newer"),
        (offer(version="0.2.1rc1"), ""),
        (offer(version="0.2.0rc1"), "update-not-newer"),
        (offer(lock="b" * 64), "update-other-base"),
        (offer(lock=""), "update-other-base"),
        (offer(kind="rules", lock=""), ""),
        (offer(kind="rules", lock="b" * 64), "update-other-base"),
        (offer(needs={"application": "0.2.0", "system": "1.0"}), ""),
        (offer(needs={"application": "0.2.5"}), "update-needs-another"),
        (offer(needs={"system": "1.0.1"}), "update-needs-another"),
        (offer(needs={"models": "1.0"}), "update-needs-another"),
        (offer(not_before=known(-1).at), ""),
        (offer(not_before=known(1).at), "update-too-early"),
    ],
)
def test_only_what_is_for_this_device_is_taken(release: Release, code: str) -> None:
    found = rollout.unfit(release, facts(), known())
    assert ("" if found is None else found.code) == code
    assert choose(release) == (None if code else release)


def test_nothing_below_the_floor_is_taken() -> None:
    floor = {"application": "0.3.1"}
    assert choose(offer(version="0.3.0"), versions={}, floor=floor) is None
    assert choose(offer(version="0.3.1"), versions={}, floor=floor) is not None


def test_what_failed_its_trial_is_not_taken_again() -> None:
    assert choose(offer(), failed=frozenset({offer().sha256})) is None
    mended = offer(sha256="6" * 64)
    assert choose(offer(), mended, failed=frozenset({offer().sha256})) == mended


def test_a_clock_that_is_not_known_waits_for_what_is_not_due_and_for_nothing_else() -> None:
    late = offer(not_before=known(1).at)
    assert choose(late, at=unknown(0)) is None
    assert choose(late, at=unknown(2)) == late
    assert choose(offer(), at=unknown(-9999)) == offer()


def test_keys_come_first_and_the_system_before_what_runs_on_it() -> None:
    application, system = offer(), offer(kind="system", version="1.1", lock="")
    keys = offer(kind="keys", version="2.0", lock="")
    strange = offer(kind="firmware", version="9.0", lock="")
    assert choose(strange, application, system, keys) == keys
    assert choose(strange, application, system) == system
    assert choose(strange, application) == application
    assert choose(strange) is None


def test_a_step_in_between_is_taken_where_the_newest_needs_it() -> None:
    newest = offer(version="1.0", needs={"application": "0.9"}, sha256="1" * 64)
    step = offer(version="0.9", sha256="2" * 64)
    assert choose(newest, step) == step
    assert choose(newest, step, versions={"application": "0.9"}) == newest


def test_the_same_release_may_go_out_to_each_profile_at_its_own_pace() -> None:
    stalls = offer(profiles=("market-stall",), percent=0.0)
    daycares = offer(profiles=("daycare-air",), percent=100.0)
    assert choose(stalls, daycares) is None
    assert choose(stalls, daycares, profile="daycare-air") == daycares


@settings(deadline=None)
@given(
    versions=st.lists(VERSIONS, max_size=6),
    installed=VERSIONS,
    percent=st.floats(0, 100),
    device=DEVICES,
)
def test_nothing_older_is_ever_chosen_and_nothing_newer_left_out(
    versions: list[str], installed: str, percent: float, device: str
) -> None:
    offered = [
        offer(version=each, percent=percent, sha256=hashlib.sha256(bytes([n])).hexdigest())
        for n, each in enumerate(versions)
    ]
    found = choose(*offered, versions={"application": installed}, device=device)
    fit = [e for e in offered if is_newer(e.version, installed) and rollout.is_in(e, device)]
    assert (found is None) == (not fit)
    if found is not None:
        assert order(found.version) == max(order(each.version) for each in fit)


@given(one=VERSIONS, other=VERSIONS, third=VERSIONS)
def test_versions_have_one_order(one: str, other: str, third: str) -> None:
    assert not (is_newer(one, other) and is_newer(other, one))
    assert is_newer(one, "")
    if is_newer(one, other) and is_newer(other, third):
        assert is_newer(one, third)


def test_numbers_are_compared_as_numbers_and_candidates_come_before() -> None:
    told = ["0.2", "0.9.9", "0.10.0rc1", "0.10.0rc2", "0.10.0rc10", "0.10", "0.10.0.1", "1.0"]
    assert sorted(told, key=order) == told
    assert order("0.10") == order("0.10.0") == order("0.10.0.0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.0-dev",
        "01.2",
        "1.0rc0",
        "1.0\n",
        "v1.0",
        "1.0.0.0.0",
        "1.0+1",
        "\N{ARABIC-INDIC DIGIT ONE}.0",
    ],
)
def test_what_cannot_be_put_in_order_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        order(text)
