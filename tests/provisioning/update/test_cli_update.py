"""From the server's list to what runs, by the commands that a device's units run."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hw_mocks.authority import Authority
from hw_mocks.release_keys import ReleaseKeys
from hw_mocks.release_server import ReleaseServer
from provisioning.ca import keys as authority
from provisioning.places import ANCHORS, CERTIFICATE, INSTALL_REQUEST, KEY, UPDATE_REPORT
from provisioning.update import boot, cli_update, device, fetching, lock, outcome, selection
from provisioning.update.catalogue import Catalogue, Release, signed
from provisioning.update.device import Hands
from provisioning.update.facts import Places
from provisioning.update.manifest import ROOTS_FILE, VOUCHERS_FILE
from provisioning.update.signing import Signer
from tests.provisioning.update.devices import BOARD, answering, chosen, places_in
from tests.provisioning.update.releases import LOCK, made, refusal
from tests.provisioning.update.test_trees import AT_ONCE, AT_ONCE_GOOD, SMALL, hands

NEXT, AFTER = "0.2.0", "0.3.0"
MADE = datetime(2026, 11, 1, tzinfo=UTC)
LASTS = timedelta(days=3650)


@dataclass
class City:
    """Who makes releases, where they are offered, and a device that knows both."""

    keys: ReleaseKeys
    signer: Signer
    server: ReleaseServer
    places: Places
    serial: int = 0

    def offer(self, *paths: Path, serial: int = 0, **said: str | float) -> None:
        """Sign a list of these bundles."""
        self.serial = serial or self.serial + 1
        releases = []
        for path in paths:
            content = path.read_bytes()
            self.server.files[f"/{path.name}"] = content
            kind, version = path.stem.split("-")
            named = {
                "kind": kind,
                "version": version,
                "url": path.name,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "lock": LOCK if kind == "application" else "",
            }
            releases.append(Release(**{**named, **said}))  # type: ignore[arg-type]  # by names
        listed = Catalogue(
            serial=self.serial, made=MADE, expires=MADE + LASTS, releases=tuple(releases)
        )
        self.server.files["/catalogue.jws"] = signed(listed, self.signer)

    def bundle(self, kind: str = "application", version: str = NEXT, **said: Any) -> Path:
        """A bundle of that kind."""
        files = {
            "application": SMALL,
            "models": {"models/manifest.toml": b"# new\n"},
            "rules": {"provisioning/limits.toml": b"# new\n"},
        }[kind]
        folder = self.places.agent_run.parent / "made" / f"{kind}-{version}"
        lock = LOCK if kind == "application" else ""
        told = {"kind": kind, "version": version, "lock": lock, "made": MADE, **said}
        path = made(folder, self.signer, files, **told)
        named = path.with_name(f"{kind}-{version}.haetae")  # a version's dots are no ending
        return path.rename(named)

    def run(self, *words: str) -> int:
        """A command, as a unit runs it."""
        return cli_update.main([*words, "--json"], self.places)


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    keys = ReleaseKeys(tmp_path / "keys")
    signer = keys.signer(at=datetime(2026, 10, 1, tzinfo=UTC), lasts=LASTS)
    places = places_in(tmp_path / "device", keys.roots)
    known = Authority(tmp_path / "authority")
    server = ReleaseServer(known)
    given = tmp_path / "credentials"
    given.mkdir()
    certificate, key = known.issue("d-1")
    for source, name in ((certificate, CERTIFICATE), (key, KEY), (known.ca, ANCHORS)):
        shutil.copy(source, given / name)
    listed = f'[updates]\ncatalogue = "{server.url}/catalogue.jws"\n'
    text = (places.configuration / "device.toml").read_text()
    (given / "device.toml").write_text(f"{text}{listed}")
    monkeypatch.setenv(cli_update.CREDENTIALS, str(given))
    yield City(keys, signer, server, places)
    server.close()


def wanted(city: City) -> fetching.Request | None:
    found = fetching.requested(city.places)
    return found[0] if found is not None else None


def take(city: City, by_hand: bool = False) -> outcome.Report:
    """What root does with the request, at a device whose agent is well."""
    found = fetching.requested(city.places)
    assert found is not None
    with answering(city.places) as units:
        told = device.install(found[1], Hands(city.places, units, AT_ONCE_GOOD, AT_ONCE, by_hand))
    fetching.answered(city.places, found[1])
    return told


@pytest.mark.parametrize("kind", ["application", "models", "rules"])
def test_what_is_offered_is_fetched_tried_and_in_force(city: City, kind: str) -> None:
    boot.lay_out(city.places)
    city.offer(city.bundle(kind))
    assert city.run("check") == cli_update.OK
    request = wanted(city)
    assert request is not None
    assert (request.kind, request.version) == (kind, NEXT)
    assert take(city).state == "good"
    assert chosen(city.places) == {kind: NEXT}
    assert list((city.places.updates / fetching.DOWNLOADS).iterdir()) == []
    # the next day there is nothing new, and nothing is fetched again
    asked = len(city.server.asked)
    assert city.run("check") == cli_update.OK
    assert wanted(city) is None
    assert len(city.server.asked) == asked + 1


def test_keys_are_followed_and_what_the_old_ones_signed_goes_on(city: City, tmp_path: Path) -> None:
    boot.lay_out(city.places)
    city.offer(city.bundle(version=NEXT))
    city.run("check")
    take(city)
    after = ReleaseKeys(tmp_path / "next", "the next release root")
    old, new = city.keys, after
    files = {
        ROOTS_FILE: old.roots.read_bytes() + new.roots.read_bytes(),
        VOUCHERS_FILE: authority.pem(
            *authority.crossed(old.root, old.key, new.root, new.key), old.root
        ),
    }
    told = {"kind": "keys", "version": "2.0", "lock": "", "made": MADE}
    bundle = made(tmp_path / "keys-2", city.signer, files, **told)
    with answering(city.places) as units:
        hands_here = Hands(city.places, units, AT_ONCE_GOOD, AT_ONCE, by_hand=True)
        assert device.install(bundle, hands_here).state == "good"
    city.signer = after.signer(at=datetime(2026, 10, 1, tzinfo=UTC), lasts=LASTS)
    city.offer(city.bundle(version=AFTER))
    assert city.run("check") == cli_update.OK, "the list is signed under the new root"
    take(city)
    assert chosen(city.places) == {"application": AFTER, "keys": "2.0"}
    # at the next start both roots are known, from the shipped one on
    city.places.ground.current.unlink()
    assert {kind: each.version for kind, each in boot.lay_out(city.places).items()} == {
        "application": AFTER, "keys": "2.0",
    }  # fmt: skip


def test_keys_that_nobody_vouches_for_are_refused(city: City, tmp_path: Path) -> None:
    stranger = ReleaseKeys(tmp_path / "stranger", "a stranger")
    files = {ROOTS_FILE: city.keys.roots.read_bytes() + stranger.roots.read_bytes()}
    told = {"kind": "keys", "version": "2.0", "lock": "", "made": MADE}
    bundle = made(tmp_path / "keys-2", city.signer, files, **told)
    assert refusal(lambda: device.install(bundle, hands(city.places))) == "roots-refused"
    assert chosen(city.places) == {}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"boards": ("another-board",)}, "update-other-board"),
        ({"profiles": ("daycare-air",)}, "update-other-profile"),
        ({"lock": "b" * 64}, "update-other-base"),
        ({"version": "0.0.9"}, "update-not-newer"),
        ({"needs": {"models": "9.0"}}, "update-needs-another"),
    ],
)
def test_what_is_not_for_this_device_is_refused_and_nothing_changes(
    city: City, said: dict[str, Any], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    boot.lay_out(city.places)
    path = city.bundle(**said)
    before = sorted(each.name for each in city.places.installed.iterdir())
    assert city.run("install", str(path)) == cli_update.FAILED
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == code
    assert told["remedy"]["ko"]
    assert told["remedy"]["en"]
    assert sorted(each.name for each in city.places.installed.iterdir()) == before
    assert chosen(city.places) == {}


def test_a_bundle_for_this_board_and_profile_is_taken(city: City) -> None:
    boot.lay_out(city.places)
    path = city.bundle(boards=(BOARD,), profiles=("market-stall",))
    with answering(city.places) as units:
        told = device.install(path, Hands(city.places, units, AT_ONCE_GOOD, AT_ONCE))
    assert told.state == "good"


def test_an_old_list_offered_again_brings_nothing_back(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    boot.lay_out(city.places)
    old = city.bundle(version=NEXT)
    city.offer(old)
    replayed = city.server.files["/catalogue.jws"]
    city.offer(city.bundle(version=AFTER))
    city.run("check")
    take(city)
    city.server.files["/catalogue.jws"] = replayed
    capsys.readouterr()
    assert city.run("check") == cli_update.FAILED
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "catalogue-older"
    told = outcome.read(city.places.update_run)
    assert told is not None
    assert str(told).startswith("catalogue 2 refused: catalogue-older"), "and the hub hears of it"
    city.run("check")
    assert outcome.read(city.places.update_run) == told, "once"
    # nor does one that is new, or a file by hand, below what was once good here
    with answering(city.places) as units:
        back = device.roll_back(Hands(city.places, units, AT_ONCE_GOOD, AT_ONCE, by_hand=True))
    assert back.state == "good"
    city.offer(old)
    assert city.run("check") == cli_update.OK
    assert wanted(city) is None
    assert refusal(lambda: device.install(old, hands(city.places))) == "update-not-newer"


def test_what_was_taken_back_by_hand_is_not_taken_again_unasked(city: City) -> None:
    boot.lay_out(city.places)
    path = city.bundle()
    city.offer(path)
    city.run("check")
    take(city)
    with answering(city.places) as units:
        by_hand = Hands(city.places, units, AT_ONCE_GOOD, AT_ONCE, by_hand=True)
        assert device.roll_back(by_hand).state == "good"
        assert chosen(city.places) == {}
        city.run("check")
        assert wanted(city) is None
        # somebody who wants it may have it
        assert device.install(path, by_hand).state == "good"
    assert chosen(city.places) == {"application": NEXT}


def test_nothing_to_go_back_to_is_told(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    assert city.run("rollback") == cli_update.FAILED
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "update-nothing-before"


def test_root_believes_nothing_of_a_request(city: City, tmp_path: Path) -> None:
    request = city.places.update_run / INSTALL_REQUEST
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    for nonsense in (
        b"",
        b"{}",
        b'{"kind": "application", "version": "9", "file": "../../secret"}',
        b'{"kind": "application", "version": "9", "file": "/etc/shadow"}',
        b'{"kind": "application", "version": "9", "file": ".hidden"}',
        b"[" * 10_000,
    ):
        request.write_bytes(nonsense)
        assert city.run("install") == cli_update.OK
        assert not request.exists(), "it is not asked for ever again"
    request.mkdir()
    (request / "link").symlink_to(secret)
    assert city.run("install") == cli_update.OK
    assert not request.exists()
    request.symlink_to(secret)
    assert city.run("install") == cli_update.OK
    assert secret.read_text() == "a secret"
    downloads = city.places.updates / fetching.DOWNLOADS
    downloads.mkdir()
    (downloads / "x.haetae").symlink_to(secret)
    request.write_text('{"kind": "application", "version": "9.0", "file": "x.haetae"}')
    assert city.run("install") == cli_update.OK
    told = outcome.read(city.places.update_run)
    assert told is not None
    assert (told.version, told.state) == ("9.0", "refused")
    assert secret.read_text() == "a secret"


def test_a_folder_that_is_a_link_costs_root_none_of_its_files(city: City) -> None:
    floor = city.places.installed / selection.FLOOR_FILE
    floor.write_text('{"application": "5.0"}')
    (city.places.updates / fetching.DOWNLOADS).symlink_to(city.places.installed)
    request = city.places.update_run / INSTALL_REQUEST
    request.write_text(f'{{"kind": "application", "version": "9.0", "file": "{floor.name}"}}')
    assert city.run("install") == cli_update.OK
    assert floor.exists()
    assert not request.exists()


def test_a_pipe_in_the_place_of_a_report_holds_no_start_up(city: City) -> None:
    os.mkfifo(city.places.updates / UPDATE_REPORT)
    os.mkfifo(city.places.update_run / UPDATE_REPORT)
    assert boot.lay_out(city.places) == {}


def test_a_tampered_download_is_refused_and_told(city: City) -> None:
    city.offer(city.bundle())
    city.run("check")
    found = fetching.requested(city.places)
    assert found is not None
    content = bytearray(found[1].read_bytes())
    content[-1] ^= 1
    found[1].write_bytes(content)
    assert city.run("install") == cli_update.OK
    told = outcome.read(city.places.update_run)
    assert told is not None
    assert (told.state, told.why.split(":")[0]) == ("refused", "release-damaged")
    assert chosen(city.places) == {}
    assert wanted(city) is None


def test_one_installation_at_a_time(city: City) -> None:
    with lock.alone(city.places):
        path = city.bundle()
        assert refusal(lambda: device.install(path, hands(city.places))) == "update-under-way"
        assert refusal(lambda: boot.lay_out(city.places)) == "update-under-way"


def test_an_installation_that_was_killed_on_trial_is_taken_back_by_the_next(city: City) -> None:
    boot.lay_out(city.places)
    found = selection.Trial("models", "4.0", "c" * 64, "boot", {})
    selection.write(city.places.installed, selection.Selection().on_trial(found))
    with answering(city.places) as units:
        device.settle(replace(hands(city.places), units=units))
    after = selection.read(city.places.installed)
    assert after.trial is None
    assert list(after.failed) == ["c" * 64]
    told = outcome.read(city.places.update_run)
    assert told is not None
    assert (told.kind, told.version, told.state) == ("models", "4.0", "rolled-back")


def test_without_a_server_there_is_nothing_to_do(
    city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(cli_update.CREDENTIALS)
    assert city.run("check") == cli_update.OK
    assert json.loads(capsys.readouterr().out) == {"state": "no-server"}


def test_the_status_says_what_is_in_force_and_what_became_of_the_last(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    boot.lay_out(city.places)
    city.offer(city.bundle())
    city.run("check")
    take(city)
    capsys.readouterr()
    assert city.run("status") == cli_update.OK
    told = json.loads(capsys.readouterr().out)
    assert told["in_force"] == {"application": NEXT}
    assert told["floor"] == {"application": NEXT}
    assert told["before"] == {}
    assert told["last"] == f"application {NEXT} good"
    assert cli_update.main(["status", "--lang", "ko"], city.places) == cli_update.OK


def test_a_soak_that_is_none_is_no_word(city: City) -> None:
    for word in ("0", "4", "nan", "1e9", "soon"):
        with pytest.raises(SystemExit):
            city.run("rollback", "--soak", word)
