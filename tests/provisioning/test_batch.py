"""A table of sites becomes devices, each its own; a table that cannot be is refused row by row."""

import json
import sqlite3
import stat
import unicodedata
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from provisioning import seed as seeds
from provisioning.office import claim_digest
from tests.disks import fill, small_disk
from tests.provisioning.desks import HEADER, Desk, stalls


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_running_it_again_changes_nothing(desk: Desk) -> None:
    table = desk.table(*stalls(3))
    desk.batch(table)
    before = {name: raw for name, raw in desk.files().items() if name != "labels.pdf"}
    said = desk.batch(table)
    assert said.records[-1]["new"] == 0
    after = {name: raw for name, raw in desk.files().items() if name != "labels.pdf"}
    assert before == after


def test_rows_that_were_added_are_made_and_the_others_left(desk: Desk) -> None:
    desk.batch(desk.table(*stalls(2)))
    before = desk.files()
    said = desk.batch(desk.table(*reversed(list(stalls(4)))))
    assert said.records[-1]["new"] == 2
    after = desk.files()
    assert all(after[name] == raw for name, raw in before.items() if name != "labels.pdf")


@pytest.mark.parametrize("lost", ["the journal", "a label", "a seed of an unentered device"])
def test_an_interrupted_run_goes_on_where_it_was(desk: Desk, lost: str) -> None:
    table = desk.table(*stalls(3))
    desk.batch(table)
    before = {path.name: path.read_bytes() for path in desk.seeds()}
    desk.journal.unlink()  # as if the power had gone before anything was entered
    victim = desk.seeds()[0].stem
    if lost == "a label":
        (desk.out / "labels" / f"{victim}.json").unlink()
    if lost.startswith("a seed"):
        (desk.out / "seeds" / f"{victim}.toml").unlink()
    again = desk.batch(table)
    assert again.code == 0
    assert again.records[-1]["devices"] == 3
    kept = [
        name
        for name, raw in before.items()
        if (desk.out / "seeds" / name).is_file() and (desk.out / "seeds" / name).read_bytes() == raw
    ]
    assert len(kept) >= (3 if lost == "the journal" else 2)
    with closing(sqlite3.connect(desk.journal)) as journal, journal:
        assert journal.execute("SELECT count(*) FROM errands").fetchone() == (3,)


def test_only_the_owner_may_read_codes(desk: Desk) -> None:
    desk.batch(desk.table(*stalls(1)))
    for path in (*desk.seeds(), *(desk.out / "labels").iterdir(), desk.journal):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((desk.out / "seeds").stat().st_mode) & 0o077 == 0


def test_the_journal_keeps_hashes_alone(desk: Desk) -> None:
    desk.batch(
        desk.table(
            "busan,부산 1호,Busan 1,market-stall,시장,secret-password",
            header=HEADER + ",wifi_ssid,wifi_password",
        )
    )
    seed = seeds.read_seed(desk.seeds()[0])
    assert seed.claim is not None
    assert seed.wifi is not None
    assert seed.phone == "053-000-0000", "the city's"
    raw = desk.journal.read_bytes()
    assert claim_digest(seed.claim.code).encode() in raw
    for secret in (seed.claim.code, seed.wifi.psk, "secret-password", seed.setup.psk):
        assert secret.encode() not in raw
    assert b"secret-password" not in b"".join(desk.files().values())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_as_spreadsheets_write_it(
    desk: Desk, encoding: str, delimiter: str
) -> None:
    lines = (
        "현장,장소,장소 영문,용도,와이파이 이름,와이파이 비밀번호",
        "osan,오산 반지하 3호,Osan semi-basement 3,1인 가구,집,열쇠",
    )
    lines = (lines[0], lines[1].replace("1인 가구", "single-room").replace("열쇠", "12345678"))
    path = desk.folder / "표.csv"
    path.write_bytes("\r\n".join(lines).replace(",", delimiter).encode(encoding))
    assert desk.batch(path).code == 0
    seed = seeds.read_seed(desk.seeds()[0])
    assert (seed.place.ko, seed.profile, seed.site) == ("오산 반지하 3호", "single-room", "osan")
    assert seed.wifi is not None
    assert seed.wifi.ssid == "집"


def test_hangul_in_pieces_as_macos_writes_it_is_put_together(desk: Desk) -> None:
    row = unicodedata.normalize("NFD", "osan,오산 3호,Osan 3,market-stall")
    assert desk.batch(desk.table(row)).code == 0
    assert seeds.read_seed(desk.seeds()[0]).place.ko == "오산 3호"


def test_a_profile_may_be_called_by_its_title(desk: Desk) -> None:
    assert desk.batch(desk.table("osan,가,a,Market Stall")).code == 0


@pytest.mark.parametrize(
    ("rows", "header", "says"),
    [
        (["osan,,a,market-stall"], HEADER, "row 2, place_ko"),
        (["", "osan,가,,market-stall"], HEADER, "row 3, place_en"),
        (["Osan!,가,a,market-stall"], HEADER, "row 2, site"),
        (["osan,가,a,market-stal"], HEADER, "choose market-stall"),
        (["osan,가,a,qqqq"], HEADER, "row 2, profile"),
        (["osan,가,a,market-stall", "osan,가,a,single-room"], HEADER, "the same as in row 2"),
        (
            ["osan,가,a,market-stall,x1", "osan,나,b,market-stall,x1"],
            HEADER + ",device",
            "in row 2",
        ),
        (["osan,가,a,market-stall,X1"], HEADER + ",device", "row 2, device"),
        (["osan,가,a,market-stall,hub"], HEADER + ",device", "the hub's own name"),
        (["osan,가,a,market-stall,localhost"], HEADER + ",device", "write another"),
        (["osan,가,a,market-stall,x1-"], HEADER + ",기기", "row 2, device"),
        (["osan,가,a,market-stall," + "x" * 26], HEADER + ",기기", "25 at most"),
        (["osan,가,a,market-stall,hub,0"], HEADER + ",hub_host,hub_port", "row 2, hub_host"),
        (["osan,가,a,market-stall,ap,short"], HEADER + ",wifi,wifi_password", "8 to 63"),
        (["osan,가,a,market-stall,,12345678"], HEADER + ",wifi,wifi_password", "wifi_ssid"),
        (["osan," + "가" * 61 + ",a,market-stall"], HEADER, "60 characters at most"),
    ],
)
def test_a_wrong_row_is_named_with_what_to_write(
    desk: Desk, rows: list[str], header: str, says: str
) -> None:
    said = desk.batch(desk.table(*rows, header=header))
    assert said.failure == "sites-wrong"
    assert says in said.records[-1]["error"]["what"]["en"]
    assert not desk.out.exists()


def test_all_wrong_rows_are_told_at_once(desk: Desk) -> None:
    said = desk.batch(desk.table("osan,,a,market-stall", "x,가,,market-stall", "osan,나,b,no"))
    told = said.records[-1]["error"]["what"]
    assert all(f"row {n}," in told["en"] and f"{n}행," in told["ko"] for n in (2, 3, 4))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "sites-columns"),
        (b"name,where\n1,2\n", "sites-columns"),
        (b"site,place_ko,place_en,profile\n", "sites-unreadable"),
        (b'site,place_ko,place_en,profile\n"open', "sites-unreadable"),
        (b"\xff\x00\xff\x81\x81", "sites-unreadable"),
    ],
)
def test_what_is_no_table_is_refused(desk: Desk, raw: bytes, code: str) -> None:
    path = desk.folder / "sites.csv"
    path.write_bytes(raw)
    assert desk.batch(path).failure == code


def test_a_missing_table_or_city_is_refused_with_a_remedy(desk: Desk) -> None:
    assert desk.batch(desk.folder / "none.csv").failure == "sites-unreadable"
    (desk.folder / "roots.pem").unlink()
    assert desk.batch(desk.table(*stalls(1))).failure == "city-unusable"


def test_a_row_that_changed_after_its_card_was_prepared_is_not_passed_over(desk: Desk) -> None:
    desk.batch(desk.table("osan,가,a,market-stall"))
    assert desk.batch(desk.table("osan,가,a,single-room")).failure == "row-changed"


MENDED = "cheongnyangni,청량리 시장 2호점,Cheongnyangni market stall 2,market-stall"


@pytest.mark.parametrize("words", [(), ("--remake", "OLD")])
def test_a_place_that_was_put_right_is_no_second_device(desk: Desk, words: tuple[str, ...]) -> None:
    first, second, third = stalls(3)
    desk.batch(desk.table(first, second, third))
    before = desk.files()
    (old,) = [each.stem for each in desk.seeds() if seeds.read_seed(each).place.ko.endswith("2호")]
    said = desk.batch(
        desk.table(first, MENDED, third), *(old if each == "OLD" else each for each in words)
    )
    assert said.failure == "row-changed"
    error = said.records[-1]["error"]
    assert error["detail"] == old
    assert all(f"--remake {old}" in text for text in error["remedy"].values())
    assert desk.files() == before
    named = desk.table(f"{first},", f"{MENDED},{old}", f"{third},", header=HEADER + ",device")
    assert desk.batch(named).failure == "row-changed"
    done = desk.batch(named, "--remake", old).records[-1]
    assert (done["devices"], done["new"], len(desk.seeds())) == (3, 1, 3)
    after = desk.files()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {f"seeds/{old}.toml", f"labels/{old}.json", "labels.pdf"}
    labels = [json.loads(each[f"labels/{old}.json"]) for each in (before, after)]
    assert labels[0]["code"] == labels[1]["code"]
    assert labels[1]["place"]["ko"] == "청량리 시장 2호점"
    assert desk.batch(named).records[-1]["new"] == 0


def test_rows_that_were_only_removed_are_not_missed(desk: Desk) -> None:
    rows = list(stalls(3))
    desk.batch(desk.table(*rows))
    assert desk.batch(desk.table(*rows[1:])).records[-1]["new"] == 0
    elsewhere = "osan,오산 1호,Osan 1,market-stall"
    assert desk.batch(desk.table(*rows[1:], elsewhere)).records[-1]["new"] == 1


def test_a_device_that_was_revoked_needs_no_row(desk: Desk) -> None:
    first, second = stalls(2)
    desk.batch(desk.table(first))
    (old,) = (each.stem for each in desk.seeds())
    assert desk.batch(desk.table(second)).failure == "row-changed"
    desk.ask("revoke", old, "--reason", "given up", "--city", desk.city)
    assert desk.batch(desk.table(second)).records[-1]["new"] == 1


def test_a_device_of_another_batch_is_not_made_twice(desk: Desk) -> None:
    table = desk.table("osan,가,a,market-stall,x1", header=HEADER + ",device")
    desk.batch(table)
    desk.out = desk.folder / "other"
    assert desk.batch(table).failure == "made-elsewhere"


def test_a_device_made_again_has_a_new_claim_code_and_its_old_label(desk: Desk) -> None:
    table = desk.table("osan,가,a,market-stall,x1", header=HEADER + ",device")
    desk.batch(table)
    before, label = seeds.read_seed(desk.seeds()[0]), desk.files()["labels/x1.json"]
    assert desk.batch(table, "--remake", "x1").records[-1]["new"] == 1
    after = seeds.read_seed(desk.seeds()[0])
    assert before.claim is not None
    assert after.claim is not None
    assert before.claim.code != after.claim.code
    assert desk.files()["labels/x1.json"] == label
    with (
        closing(sqlite3.connect(desk.journal)) as journal,
        journal,
    ):  # the office had not heard of the first
        told = journal.execute("SELECT kind, body FROM errands").fetchall()
    assert [kind for kind, _ in told] == ["claim"]
    assert claim_digest(after.claim.code) in told[0][1]


def test_a_device_made_again_with_a_new_label_has_another_setup_code_too(desk: Desk) -> None:
    rows = ("osan,가,a,market-stall,x1", "osan,나,b,market-stall,x2")
    table = desk.table(*rows, header=HEADER + ",device")
    desk.batch(table)
    before, labels = seeds.read_seed(desk.seeds()[0]), desk.files()
    assert desk.batch(table, "--remake", "x1", "--new-label").records[-1]["new"] == 1
    after, code = seeds.read_seed(desk.seeds()[0]), json.loads(desk.files()["labels/x1.json"])
    assert seeds.verifier(code["code"], after.setup.salt) == after.setup.verifier
    assert code["code"] != json.loads(labels["labels/x1.json"])["code"]
    assert before.setup.psk != after.setup.psk
    assert desk.files()["labels/x2.json"] == labels["labels/x2.json"]


def test_a_new_label_is_asked_for_with_the_name_of_its_device(desk: Desk) -> None:
    assert desk.batch(desk.table(*stalls(1)), "--new-label").failure == "label-of-which-device"


def test_only_what_was_made_can_be_made_again(desk: Desk) -> None:
    assert desk.batch(desk.table(*stalls(1)), "--remake", "x9").failure == "device-not-made"


def test_a_full_disk_is_told_and_the_next_run_goes_on(desk: Desk) -> None:
    table = desk.table(*stalls(4))
    with small_disk(desk.folder / "stick", 256) as desk.out:
        ballast = fill(desk.out)
        assert desk.batch(table).failure == "folder-unwritable"
        ballast.unlink()
        said = desk.ask("batch", table, "--out", desk.out, "--city", desk.city)
        assert said.code == 0 or said.failure == "folder-unwritable"  # labels.pdf may not fit
        assert len(desk.seeds()) == 4


def test_names_of_devices_fit_a_host_name_and_a_network(desk: Desk) -> None:
    site = "a" * 47
    assert (
        desk.batch(desk.table(f"{site},가,a,market-stall", f"{site},나,b,market-stall")).code == 0
    )
    lengths = Counter(len(path.stem) for path in desk.seeds())
    assert max(lengths) == 25


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(desk: Desk) -> None:
    words = ("batch", desk.table(*stalls(5)), "--out", desk.out, "--city", desk.city)
    bar = desk.run(*words, bar=True, lang="ko")
    assert "\r" in bar.err
    assert "100%" in bar.err
    assert "기기 5대" in bar.out
    lines = desk.run(*words)
    assert "\r" not in lines.err
    assert "5/5" in lines.err


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_help_reads_in_the_chosen_language(desk: Desk, lang: str) -> None:
    for words in (["--help"], ["batch", "--help"], ["label", "--help"]):
        said = desk.run(*words, lang=lang)
        assert said.code == 0
        has_hangul = any("가" <= character <= "힣" for character in said.out)
        assert has_hangul == (lang == "ko")
    nonsense = desk.run("batch", "--nonsense", lang=lang)
    assert nonsense.code == 64
    assert "--help" in nonsense.err
