"""From the laptop to a real authority and back: claims, revocations, records, and what is late."""

import hashlib
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.ledger_past import COMMISSIONING
from agent.signing import load_signer
from agent.values import Why
from provisioning import commission as form
from provisioning import seed as seeds
from provisioning.places import COMMISSIONED, SETUP_REQUEST, TAKEN_SEED
from provisioning.setup_page.server import serve
from provisioning.verify import record_sha256
from tests.agent import ledgers
from tests.provisioning.card_images import checked, small_image
from tests.provisioning.cities import City
from tests.provisioning.desks import HEADER, Desk, Said
from tests.provisioning.test_flash_fat import run

ROWS = [f"alley-3,골목 {n}호,Alley {n},market-stall,stall-{n}" for n in (1, 2, 3)]


@dataclass(frozen=True)
class Bureau:
    """A city at work, and an installer's desk with the city's file."""

    city: City
    desk: Desk

    def write_file(self, port: int | None = None) -> None:
        certificate, key = self.city.folder / "lee.pem", self.city.folder / "lee.key"
        office = f"https://localhost:{port or self.city.authority.office_port}"
        self.desk.city.write_text(
            f'[authority]\nurl = "{self.city.url}"\nanchors = "{self.city.folder}/roots.pem"\n'
            f'[hub]\nhost = "hub.example"\n'
            f'[office]\nurl = "{office}"\ncertificate = "{certificate}"\nkey = "{key}"\n'
        )

    def make(self, *rows: str) -> Said:
        table = self.desk.table(*(rows or ROWS), header=HEADER + ",device")
        return self.desk.batch(table)

    def states(self) -> dict[str, str]:
        """What the authority itself knows."""
        with self.city.issuer.registry.transaction() as ledgers:
            return {
                each.device: each.state for each in ledgers.devices(self.city.now().timestamp())
            }

    def device(self, name: str, folder: Path) -> Path:
        """The device's configuration folder, with the seed as the first boot takes it."""
        configuration = folder / "etc"
        configuration.mkdir(parents=True)
        shutil.copyfile(self.desk.out / "seeds" / f"{name}.toml", configuration / TAKEN_SEED)
        return configuration

    def enrol(self, configuration: Path) -> Said:
        words = ("--configuration", configuration, "--run", configuration.parent / "run")
        return self.desk.ask("enroll", "--device", "--once", *words)


@contextmanager
def opened(folder: Path) -> Iterator[Bureau]:
    """An office whose operator has one laptop, which knows the city."""
    with City(folder / "city").open() as city:
        city.pair("lee", "operator")
        found = Bureau(city, Desk(folder))
        found.write_file()
        yield found


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as found:
        yield found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_claims_reach_the_authority_once(bureau: Bureau) -> None:
    bureau.make()
    assert bureau.states() == {}
    assert bureau.desk.ask("sync").records[-1] == {"done": 3, "refused": 0}
    assert bureau.states() == {f"stall-{n}": "awaited" for n in (1, 2, 3)}
    assert bureau.desk.ask("sync").records[-1] == {"done": 0, "refused": 0}


def test_without_a_network_everything_waits_and_is_told_later(bureau: Bureau) -> None:
    bureau.write_file(free_port())
    assert bureau.make().code == 0
    for _ in range(2):
        said = bureau.desk.ask("sync")
        assert said.failure == "authority-unreachable"
        assert "3건" in said.records[-1]["error"]["remedy"]["ko"]
    assert bureau.desk.ask("revoke", "stall-2", "--reason", "lost").failure
    bureau.write_file()
    assert bureau.desk.ask("enroll").records[-1] == {"done": 4, "refused": 0}
    assert bureau.states() == {"stall-1": "awaited", "stall-3": "awaited"}


def test_a_laptop_that_dies_after_the_answer_tells_it_again_without_harm(bureau: Bureau) -> None:
    bureau.make()
    before = bureau.desk.journal.read_bytes()
    bureau.desk.ask("sync")
    bureau.desk.journal.write_bytes(before)
    assert bureau.desk.ask("sync").records[-1] == {"done": 3, "refused": 0}
    with closing(sqlite3.connect(bureau.city.folder / "registry.sqlite")) as registry, registry:
        assert registry.execute("SELECT count(*) FROM claims").fetchone() == (3,)


def test_a_card_becomes_an_enrolled_device_and_the_report_says_so(
    bureau: Bureau, tmp_path: Path
) -> None:
    bureau.make()
    bureau.desk.ask("sync")
    out = tmp_path / "card.img"
    image = checked(small_image(tmp_path))
    words = ("flash", out, "--image", image, "--device", "stall-1")
    assert bureau.desk.ask(*words).code == 0
    volume = tmp_path / "volume"
    volume.write_bytes(out.read_bytes()[1 << 20 : 17 << 20])
    configuration = tmp_path / "stall-1/etc"
    configuration.mkdir(parents=True)
    seed = run("mtype", "-i", volume, "::haetae/seed.toml")
    (configuration / TAKEN_SEED).write_text(seed, "utf-8")
    said = bureau.enrol(configuration)
    assert said.records[-1]["state"] == "enrolled", said
    bureau.desk.ask("sync")
    rows = {each["device"]: each for each in bureau.desk.ask("report").records if "device" in each}
    assert {name: row["state"] for name, row in rows.items()} == {
        "stall-1": "enrolled",
        "stall-2": "made",
        "stall-3": "made",
    }
    page = bureau.desk.run("report", "--site", "alley-3", lang="ko").out
    assert "| stall-1 | 골목 1호 | market-stall | 등록됨 |" in page
    html = tmp_path / "report.html"
    assert bureau.desk.run("report", "--format", "html", "--out", html).code == 0
    assert "<td>Alley 1</td>" in html.read_text("utf-8")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("reused", "claim-used"),
        ("expired", "claim-expired"),
        ("unknown", "claim-unknown"),
        ("revoked", "device-revoked"),
        ("wrong city", "wrong-authority"),
    ],
)
def test_a_device_that_is_refused_says_why_in_both_languages(
    bureau: Bureau, tmp_path: Path, how: str, code: str
) -> None:
    bureau.make(ROWS[0])
    if how != "unknown":
        bureau.desk.ask("sync")
    configuration = bureau.device("stall-1", tmp_path / "a")
    if how == "reused":
        other = tmp_path / "b/etc"
        shutil.copytree(configuration, other)
        assert bureau.enrol(other).records[-1]["state"] == "enrolled"
    if how == "expired":
        with closing(sqlite3.connect(bureau.city.folder / "registry.sqlite")) as registry, registry:
            registry.execute("UPDATE claims SET expires = 1")
    if how == "revoked":
        assert bureau.desk.ask("revoke", "stall-1", "--reason", "stolen").code == 0
    if how == "wrong city":
        path = configuration / TAKEN_SEED
        other_roots = City(tmp_path / "other").anchors
        seed = seeds.read_seed(path)
        authority = msgspec.structs.replace(seed.authority, anchors=other_roots)
        path.write_text(seeds.seed_text(msgspec.structs.replace(seed, authority=authority)))
    said = bureau.enrol(configuration)
    assert said.code != 0
    assert said.records[-1]["code"] == code
    words = ("enroll", "--device", "--once", "--configuration", configuration)
    for lang in ("ko", "en"):
        told = bureau.desk.run(*words, "--run", tmp_path / "run", lang=lang).out
        assert any("가" <= letter <= "힣" for letter in told) == (lang == "ko")
        assert len(told.strip().splitlines()) == 1


def test_a_withdrawn_device_gets_no_card_until_it_is_made_again(
    bureau: Bureau, tmp_path: Path
) -> None:
    bureau.make(ROWS[0])
    bureau.desk.ask("sync")
    bureau.desk.ask("revoke", "stall-1", "--reason", "stolen")
    words = ("flash", tmp_path / "c.img", "--image", checked(small_image(tmp_path)))
    assert bureau.desk.ask(*words, "--device", "stall-1").failure == "device-revoked"
    table = bureau.desk.table(ROWS[0], header=HEADER + ",device")
    assert bureau.desk.batch(table, "--remake", "stall-1").code == 0
    assert bureau.desk.ask("sync").code == 0
    assert bureau.desk.ask(*words, "--device", "stall-1", "--keep").code == 0
    configuration = bureau.device("stall-1", tmp_path / "a")
    assert bureau.enrol(configuration).records[-1]["state"] == "enrolled"


def test_the_office_refuses_what_it_does_not_know_and_the_rest_goes_on(bureau: Bureau) -> None:
    bureau.write_file(free_port())
    words = ("revoke", "nobody", "--reason", "x", "--city", bureau.desk.city)
    assert bureau.desk.ask(*words).failure == "authority-unreachable"
    bureau.make(ROWS[0])
    bureau.write_file()
    said = bureau.desk.ask("sync")
    assert said.records[-1] == {"done": 1, "refused": 1}
    assert "device-unknown" in said.err


def test_what_is_missing_for_the_office_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.ask("sync").failure == "which-city"
    assert desk.ask("sync", "--city", desk.city).failure == "no-office"
    text = desk.city.read_text()
    desk.city.write_text(
        text + '[office]\nurl = "https://localhost:1"\ncertificate = "no.pem"\nkey = "no.key"\n'
    )
    desk.batch(desk.table(ROWS[0], header=HEADER + ",device"))
    assert desk.ask("sync").failure in {"operator-key-unusable", "anchors-unusable"}


def test_a_claim_code_that_runs_out_is_overdue_in_the_report(bureau: Bureau) -> None:
    table = bureau.desk.table(ROWS[0], header=HEADER + ",device")
    assert bureau.desk.batch(table, "--days", "1").code == 0
    bureau.desk.ask("sync")
    row = bureau.desk.ask("report").records[0]
    assert (row["state"], row["overdue"]) == ("made", True)
    assert row["todo"]["ko"] == "카드 만들기"


@dataclass(frozen=True)
class Installed:
    """A device that was enrolled and commissioned; `text` is its record."""

    configuration: Path
    text: str


@pytest.fixture
def installed(bureau: Bureau, tmp_path: Path) -> Installed:
    bureau.make(ROWS[0])
    bureau.desk.ask("sync")
    configuration = bureau.device("stall-1", tmp_path / "a")
    assert bureau.enrol(configuration).code == 0
    (configuration / "device.toml").write_text('profile = "market-stall"\n')
    signer = load_signer(configuration / "identity/device.key")
    digest = hashlib.sha256((configuration / "device.toml").read_bytes()).hexdigest()
    body = form.Commissioning(
        device="stall-1",
        site="alley-3",
        place=Why("골목 1호", "Alley 1"),
        profile="market-stall",
        configuration_sha256=digest,
        software="0.1.0",
        simulated=True,
        sensors={},
        untried=["fire"],
        coverage={},
        network=form.Checked(code="connected", at="2026-11-22T10:00:00Z"),
        contact_count=0,
        installer="Kim",
        time=form.Time("2026-11-22T10:00:00Z", "unset", None),
        certificate=(configuration / "identity/device.pem").read_text(),
    )
    text = form.sign_record(body, signer)
    (configuration / COMMISSIONED).write_text(text)
    return Installed(configuration, text)


def test_a_record_is_fetched_from_the_device_by_its_labels_code(
    bureau: Bureau, installed: Installed, tmp_path: Path
) -> None:
    with setup_page(installed.configuration, tmp_path) as port:
        words = ("commission", "stall-1", "--url", f"https://localhost:{port}")
        wrong = bureau.desk.ask(*words, "--code", "0" * 12)
        assert wrong.failure == "code-wrong"
        said = bureau.desk.ask(*words)
        assert said.code == 0, said
    assert Path(said.records[-1]["file"]).read_text() == installed.text
    assert Path(said.records[-1]["file"]).stat().st_mode & 0o077 == 0
    row = bureau.desk.ask("report").records[0]
    assert row["state"] == "commissioned"
    assert "모의 기기" in bureau.desk.run("commission", "stall-1", "--from",
                                       said.records[-1]["file"], lang="ko").out  # fmt: skip
    with closing(sqlite3.connect(bureau.desk.journal)) as journal, journal:
        count = journal.execute("SELECT count(*) FROM history WHERE what = 'commissioned'")
        assert count.fetchone() == (1,)


@contextmanager
def setup_page(configuration: Path, folder: Path) -> Iterator[int]:
    """The real setup page of a device whose button was held."""
    run_dir = folder / "page-run"
    run_dir.mkdir()
    (run_dir / SETUP_REQUEST).touch()
    stop, opened = threading.Event(), threading.Event()
    ports: list[int] = []

    def ready(port: int, _what: Any) -> None:
        ports.append(port)
        opened.set()

    options: dict[str, Any] = {"configuration": configuration, "run": run_dir, "state": folder}
    options |= {"address": "127.0.0.1", "port": 0, "stop": stop, "ready": ready}
    page = threading.Thread(target=serve, kwargs=options)
    page.start()
    try:
        assert opened.wait(20)
        yield ports[0]
    finally:
        stop.set()
        page.join(20)


def test_a_record_must_be_in_the_devices_own_ledger_and_the_ledger_whole(
    bureau: Bureau, installed: Installed, tmp_path: Path
) -> None:
    record, folder = tmp_path / "record.jws", tmp_path / "ledger"
    record.write_text(installed.text)
    signer = load_signer(installed.configuration / "identity/device.key")
    words = ("verify", record, "--city", bureau.desk.city, "--ledger", folder)
    assert bureau.desk.ask(*words).failure == "file-unreadable"
    book = ledgers.ledger(folder, signer=lambda: signer)
    book.note("selftest", {"by": "hand"})
    book.write()
    assert bureau.desk.ask(*words).failure == "record-not-in-ledger"
    book.note(COMMISSIONING, {"sha256": record_sha256(installed.text), "installer": "Kim"})
    book.write()
    assert "ledger" in bureau.desk.ask(*words).records[-1]["checked"]
    (segment,) = folder.glob("*.jsonl")
    segment.write_text(segment.read_text().replace("hand", "hund"))
    assert bureau.desk.ask(*words).failure == "ledger-broken"


@pytest.mark.skipif(os.geteuid() != 0, reason="sudo makes one root")
def test_a_record_that_was_fetched_with_sudo_is_the_callers(
    bureau: Bureau, installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "65534")
    record = tmp_path / "record.jws"
    record.write_text(installed.text)
    said = bureau.desk.ask("commission", "stall-1", "--from", record, "--city", bureau.desk.city)
    kept = Path(said.records[-1]["file"])
    assert (kept.stat().st_uid, kept.parent.stat().st_uid) == (65534, 65534)


def test_a_device_that_is_away_is_told_from_one_that_refuses(bureau: Bureau) -> None:
    words = ("commission", "stall-1", "--city", bureau.desk.city)
    assert bureau.desk.ask(*words).failure == "which-code"
    away = ("--code", "0" * 12, "--url", f"https://127.0.0.1:{free_port()}")
    assert bureau.desk.ask(*words, *away).failure == "device-unreachable"


def test_a_record_is_held_against_city_device_configuration_and_ledger(
    bureau: Bureau, installed: Installed, tmp_path: Path
) -> None:
    record = tmp_path / "record.jws"
    record.write_text(installed.text)
    configuration = installed.configuration / "device.toml"
    words = ("verify", record, "--city", bureau.desk.city)
    whole = ("--device", "stall-1", "--configuration", configuration)
    said = bureau.desk.ask(*words, *whole)
    assert said.code == 0, said
    assert said.records[-1]["checked"] == ["signature", "authority", "device", "configuration"]
    assert bureau.desk.ask(*words, "--device", "stall-2").failure == "record-of-another"
    other = tmp_path / "other.pem"
    other.write_text(City(tmp_path / "other").anchors)
    assert bureau.desk.ask("verify", record, "--anchors", other).failure == "record-wrong-ca"
    changed = tmp_path / "changed.jws"
    middle = installed.text.split(".")[1]
    changed.write_text(installed.text.replace(middle, middle[:-4] + "AAAA"))
    assert bureau.desk.ask("verify", changed, "--anchors", other).failure.startswith("record-")
    configuration.write_text('profile = "single-room"\n')
    assert bureau.desk.ask(*words, *whole).failure == "configuration-changed"
    gone = bureau.desk.ask("verify", tmp_path / "gone", "--city", bureau.desk.city)
    assert gone.failure == "file-unreadable"
