"""The table of sites: a CSV file, as Excel or anything else writes it, one device a row."""

import csv
import difflib
import hashlib
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import RESERVED, SeedHub, Wifi
from provisioning.wifi import WifiProblemError, wifi_for

PROFILES = Path(__file__).parent / "profiles"
LONGEST_DEVICE = 25  # the device's own network is called Haetae-<device>: 32 bytes at most
_DEVICE = re.compile(rf"[a-z0-9]([a-z0-9-]{{0,{LONGEST_DEVICE - 2}}}[a-z0-9])?")
_SITE = re.compile(r"[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?")
_LONGEST_PLACE, _MOST_SHOWN, _MOST_ROWS, _LONGEST_BYTES = 60, 20, 10_000, 8 << 20

# each column, and what else people call it; compared without blanks, case and underlines
_COLUMNS: Mapping[str, Sequence[str]] = {
    "device": ("device", "deviceid", "id", "기기", "기기이름", "기기번호", "기기id"),
    "site": ("site", "사이트", "현장", "구역"),
    "place_ko": ("placeko", "place", "장소", "장소한글", "장소한국어", "장소(한글)", "위치"),
    "place_en": ("placeen", "장소영문", "장소영어", "장소(영문)", "장소(영어)", "위치영문"),
    "profile": ("profile", "프로필", "용도", "유형", "종류"),
    "hub_host": ("hubhost", "hub", "허브", "허브주소"),
    "hub_port": ("hubport", "허브포트"),
    "hub_protocol": ("hubprotocol", "허브프로토콜", "허브규격"),
    "hub_alternatives": ("hubalternatives", "허브예비", "예비허브", "허브예비주소"),
    "wifi_ssid": ("wifissid", "wifi", "wifiname", "와이파이", "와이파이이름", "무선이름"),
    "wifi_password": ("wifipassword", "와이파이비밀번호", "와이파이암호", "무선비밀번호"),
    "wifi_country": ("wificountry", "와이파이국가", "무선국가"),
}
_REQUIRED = ("site", "place_ko", "place_en", "profile")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A row: one device to make. `row` is its number in the file, the header being 1."""

    row: int
    device: str | None
    site: str
    place: Why
    profile: str
    hub: SeedHub
    wifi: Wifi | None = None

    @property
    def request(self) -> str:
        """What makes this row the same when the file is read again (SHA-256)."""
        named = self.device or f"{self.site}\n{self.place.ko}\n{self.place.en}"
        return hashlib.sha256(f"{self.device is not None}\n{named}".encode()).hexdigest()


class _RowError(Exception):
    """What is wrong with a cell, and what to write instead."""

    def __init__(self, column: str, ko: str, en: str) -> None:
        super().__init__(en)
        self.column, self.ko, self.en = column, ko, en


def read_sites(path: Path, hub: SeedHub | None, profiles: Path = PROFILES) -> Sequence[Site]:
    """The rows of a file; `hub` is the city's, for rows that name none.

    Raises:
        ProvisioningError: The file, or one of its rows, is not as it must be: all of them named.
    """
    rows = list(_rows(_text(path), path))
    known = _known_profiles(profiles)
    sites: list[Site] = []
    problems: list[tuple[int, _RowError]] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        try:
            sites.append(_unlike(seen, _site(number, row, hub, known)))
        except _RowError as error:
            problems.append((number, error))
    if problems:
        raise ProvisioningError(_wrong_rows(problems, path))
    if not sites:
        raise ProvisioningError(_unreadable("no rows below the header", path))
    return sites


def _site(
    number: int, row: Mapping[str, str], hub: SeedHub | None, known: Mapping[str, str]
) -> Site:
    for column in _REQUIRED:
        if not row.get(column):
            raise _RowError(column, "비어 있습니다", "is empty")
    for column in ("place_ko", "place_en"):
        if len(row[column]) > _LONGEST_PLACE or not row[column].isprintable():
            ko, en = (
                f"{_LONGEST_PLACE}자 이내로 적어 주세요",
                f"{_LONGEST_PLACE} characters at most",
            )
            raise _RowError(column, ko, f"{en}, in one line")
    device = row.get("device") or None
    if device is not None and not _DEVICE.fullmatch(device):
        ko = f"영문 소문자, 숫자, 붙임표(-)로 {LONGEST_DEVICE}자까지 적어 주세요"
        en = f"write small letters, digits and hyphens, {LONGEST_DEVICE} at most"
        raise _RowError("device", f"{device!r}: {ko}", f"{device!r}: {en}")
    if device in RESERVED:
        ko, en = (
            "허브가 쓰는 이름입니다. 다른 이름을 적어 주세요",
            "the hub's own name; write another",
        )
        raise _RowError("device", f"{device!r}: {ko}", f"{device!r}: {en}")
    if not _SITE.fullmatch(row["site"]):
        ko = "영문 소문자, 숫자, 붙임표(-)로 적어 주세요"
        raise _RowError("site", ko, f"{row['site']!r}: write small letters, digits and hyphens")
    return Site(
        row=number,
        device=device,
        site=row["site"],
        place=Why(row["place_ko"], row["place_en"]),
        profile=_profile(row["profile"], known),
        hub=_hub(row, hub),
        wifi=_wifi(row),
    )


def _unlike(seen: dict[str, int], site: Site) -> Site:
    """The row, which asks for a device that no row before it asked for."""
    first = seen.setdefault(site.device or site.request, site.row)
    if first != site.row:
        column = "device" if site.device is not None else "place_ko"
        raise _RowError(column, f"{first}행과 같습니다", f"the same as in row {first}")
    return site


def _profile(named: str, known: Mapping[str, str]) -> str:
    if (found := known.get(_plain(named))) is not None:
        return found
    near = difflib.get_close_matches(_plain(named), known, n=1, cutoff=0.5)
    choice = known[near[0]] if near else ", ".join(sorted(set(known.values())))
    raise _RowError(
        "profile",
        f"{named!r} 프로필은 없습니다. 이 가운데에서 고르세요: {choice}",
        f"there is no profile {named!r}; choose {'' if near else 'one of '}{choice}",
    )


def _hub(row: Mapping[str, str], hub: SeedHub | None) -> SeedHub:
    host = row.get("hub_host")
    if not host:
        if hub is None:
            ko = "허브 주소가 없습니다. 이 칸이나 시의 설정 파일에 적어 주세요"
            raise _RowError("hub_host", ko, "no hub: write it here or in the city's file")
        return hub
    others = re.split(r"[;\s]+", row.get("hub_alternatives", "").strip())
    table = {"host": host, "alternatives": [each for each in others if each]}
    table |= {key: row[f"hub_{key}"] for key in ("port", "protocol") if row.get(f"hub_{key}")}
    try:
        return msgspec.convert(table, SeedHub, strict=False)
    except msgspec.ValidationError as error:
        raise _RowError("hub_host", f"허브 설정이 틀렸습니다: {error}", str(error)) from None


def _wifi(row: Mapping[str, str]) -> Wifi | None:
    ssid, password = row.get("wifi_ssid", ""), row.get("wifi_password", "")
    if not ssid and not password:
        return None
    try:
        return wifi_for(ssid, password, row.get("wifi_country") or "KR")
    except WifiProblemError as error:
        raise _RowError(error.column, error.why.ko, error.why.en) from None


def _known_profiles(folder: Path) -> dict[str, str]:
    """Every profile by its name and by its titles, as people write them."""
    known: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        title = tomllib.loads(path.read_text("utf-8")).get("title", {})
        for name in (path.stem, title.get("ko", ""), title.get("en", "")):
            if name:
                known.setdefault(_plain(name), path.stem)
    return known


def _rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ProvisioningError(_unreadable(f"{error}", path)) from None
    start = next((n for n, row in enumerate(rows) if any(map(str.strip, row))), 0)
    names = [_column(cell) for cell in rows[start]] if rows else []
    if missing := [each for each in _REQUIRED if each not in names]:
        found = ", ".join(filter(None, map(str.strip, rows[start] if rows else [])))
        raise ProvisioningError(_missing(missing, found, path))
    if len(rows) > _MOST_ROWS:
        raise ProvisioningError(_unreadable(f"more than {_MOST_ROWS} rows", path))
    for number, row in enumerate(rows[start + 1 :], start + 2):
        cells = [unicodedata.normalize("NFC", cell).strip() for cell in row]
        if any(cells):
            yield number, {name: cell for name, cell in zip(names, cells, strict=False) if name}


def _column(cell: str) -> str:
    plain = _plain(cell)
    return next((name for name, also in _COLUMNS.items() if plain in also), "")


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-]", "", unicodedata.normalize("NFC", text)).casefold()


def _text(path: Path) -> str:
    """The file's text: UTF-8 with or without Excel's mark, UTF-16 with one, or CP949."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ProvisioningError(_unreadable(f"{error.strerror}", path)) from None
    if len(raw) > _LONGEST_BYTES:
        raise ProvisioningError(_unreadable("far too long for a table of sites", path))
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding).replace("\0", "\N{REPLACEMENT CHARACTER}")
        except UnicodeDecodeError:
            continue
    raise ProvisioningError(_unreadable("neither UTF-8 nor CP949", path))


def _wrong_rows(problems: Sequence[tuple[int, _RowError]], path: Path) -> Failure:
    shown = problems[:_MOST_SHOWN]
    ko = "\n".join(f"  {row}행, {each.column}: {each.ko}" for row, each in shown)
    en = "\n".join(f"  row {row}, {each.column}: {each.en}" for row, each in shown)
    count = len(problems)
    return Failure(
        "sites-wrong",
        Why(
            f"{path.name}에서 {count}곳을 고쳐야 합니다.\n{ko}",
            f"{count} of the rows of {path.name} must be mended.\n{en}",
        ),
        Why(
            "표에서 이 칸들을 고쳐 저장한 뒤 다시 실행해 주세요. 아무것도 만들지 않았습니다.",
            "Mend these cells, save the table, and run it again. Nothing was made.",
        ),
        str(path),
    )


def _missing(columns: Sequence[str], found: str, path: Path) -> Failure:
    names = ", ".join(columns)
    return Failure(
        "sites-columns",
        Why(
            f"{path.name}의 첫 줄에 {names} 열이 없습니다.",
            f"The first row of {path.name} lacks the columns {names}.",
        ),
        Why(
            "첫 줄에 열 이름을 적어 주세요: site, place_ko, place_en, profile "
            "(또는 현장, 장소, 장소영문, 프로필).",
            "Name the columns in the first row: site, place_ko, place_en, profile.",
        ),
        f"found: {found}" if found else "found none",
    )


def _unreadable(detail: str, path: Path) -> Failure:
    return Failure(
        "sites-unreadable",
        Why(f"{path.name} 표를 읽을 수 없습니다.", f"The table {path.name} cannot be read."),
        Why(
            "엑셀에서 'CSV UTF-8' 형식으로 다시 저장한 뒤 실행해 주세요.",
            "Save it again from the spreadsheet as 'CSV UTF-8', and run it again.",
        ),
        f"{path}: {detail}",
    )
