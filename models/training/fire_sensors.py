"""Makes `weights/fire_sensors.*` again: features, training, int8, check, table.

    python -m models.training.fire_sensors DATA SIMULATED [--out models/weights] [--seed 1]

DATA holds `nist-home-smoke-alarms/` (public domain) and `fsri-compartments/` (MIT); SIMULATED is
what `scripts/make_fire_training.py` writes. Nothing else may be trained on. Needs tensorflow-cpu
in an environment of its own; it runs in no test and no CI. Prints the scores of the model card,
leave-one-test-out on NIST among them.
"""

import argparse
import csv
import gzip
import json
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

from models.fire_sensors import CHANNELS, CLASSES, FEATURES, RISES_S, Features

EVERY_S = 5.0
LAGS_S = (0.0, 12.0, 30.0)  # of the thermometer, for recordings of bare thermocouples
WIDTH = 2 + len(RISES_S)
NONE, COOKING, SMOULDERING, FLAMING, FAULT = range(len(CLASSES))
LAYERS = (16, 12)

Rows = list[tuple[float, str, str, float]]


def read(folder: Path) -> tuple[dict[str, Any], Rows]:
    """A recording's labels and rows."""
    table = tomllib.loads((folder / "recording.toml").read_text("utf-8"))
    path = folder / "readings.csv"
    with path.open() if path.exists() else gzip.open(f"{path}.gz", "rt") as lines:
        rows = [(float(t), s, q, float(v)) for t, s, q, v in list(csv.reader(lines))[1:]]
    return table, rows


def lagged(rows: Rows, tau_s: float) -> Iterator[tuple[float, str, str, float]]:
    """The rows as a slower thermometer would have read them."""
    felt: dict[str, tuple[float, float]] = {}
    for at, sensor, quantity, value in rows:
        if quantity != "TEMPERATURE_C" or tau_s == 0:
            yield at, sensor, quantity, value
            continue
        before_at, before = felt.get(sensor, (at, value))
        now = before + (value - before) * -np.expm1(-(at - before_at) / tau_s)
        felt[sensor] = at, float(now)
        yield at, sensor, quantity, round(float(now), 1)


def windows(table: dict[str, Any], rows: Rows, tau_s: float) -> Iterator[tuple[list[float], int]]:
    """Feature vectors, once every five seconds, and the class of each."""
    features, due = Features(), EVERY_S
    for at, sensor, quantity, value in lagged(rows, tau_s):
        if at >= due:
            vector = features.vector(at)
            label = label_of(table, at, vector)
            if label is not None:
                yield vector, label
            due = at + EVERY_S
        features.update(sensor, quantity, value, at)


def label_of(table: dict[str, Any], at: float, vector: list[float]) -> int | None:
    """The class of a moment; None where nobody can tell yet."""
    by = {c.quantity: vector[WIDTH * i : WIDTH * (i + 1)] for i, c in enumerate(CHANNELS)}
    heat, smoke = by["TEMPERATURE_C"], by["SMOKE_OBSCURATION_PCT_PER_M"]
    moves = max(abs(each) for values in by.values() for each in values[2:])
    high = smoke[1] > 0.45 or by["PM2_5_UG_M3"][1] > 0.8 or by["CO_PPM"][1] > 0.55
    ignition_s = table.get("ignition_t_s")
    if ignition_s is None:
        return COOKING if moves > 0.15 or high else NONE
    if at < ignition_s:
        return NONE
    if not (high or heat[3] > 0.3 or smoke[2] > 0.2):
        return None
    flames = table["scenario"].startswith(("flaming", "full-scale"))
    if flames or at >= table.get("flame_t_s", np.inf) or heat[3] > 1.0:
        return FLAMING
    return SMOULDERING


def load(data: Path, simulated: Path) -> dict[str, list[tuple[list[float], int]]]:
    """Every window, by source and test, for example `nist-sdc05`."""
    found: dict[str, list[tuple[list[float], int]]] = defaultdict(list)
    for source in ("nist-home-smoke-alarms", "fsri-compartments"):
        for folder in sorted((data / source).iterdir()):
            table, rows = read(folder)
            group = folder.name.rsplit("-", 1)[0] if source.startswith("nist") else "fsri"
            for tau_s in LAGS_S:
                found[group] += list(windows(table, rows, tau_s))
    for folder in sorted(simulated.iterdir()):
        found[folder.name.split("-")[0].split("_")[0]] += list(windows(*read(folder), 0.0))
    return found


def augmented(
    x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Channels that are missing, and channels that lie: a step in one alone, or a fall."""
    draw = np.random.default_rng(seed)
    blocks = x.reshape(len(x), len(CHANNELS), WIDTH)
    keep = draw.random(blocks.shape[:2]) > 0.25
    blind: np.ndarray[Any, Any] = np.logical_not((keep & (blocks[:, :, 0] > 0)).any(axis=1))
    thin = np.where(blind[:, None, None], blocks, blocks * keep[:, :, None])
    quiet = blocks[y == NONE]
    wrong = quiet[draw.integers(len(quiet), size=len(quiet) // 6)].copy()
    for each in wrong:
        there = np.flatnonzero(each[:, 0] > 0)
        channel = draw.choice(there)
        step = (
            -draw.uniform(0.4, 2) if channel == 0 else draw.choice([-1, 1]) * draw.uniform(0.4, 2)
        )
        each[channel, 2:] = step * draw.uniform(0.6, 1.0, size=len(RISES_S))
    faults = np.full(len(wrong), FAULT)
    every = [blocks, thin, wrong]
    return np.concatenate(every).reshape(-1, FEATURES), np.concatenate([y, y, faults])


def stacked(
    groups: dict[str, list[tuple[list[float], int]]], names: list[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Windows, classes and weights: each source weighs the same, each class within it too."""
    x, y, w = [], [], []
    for name in names:
        rows = groups[name]
        labels = np.array([label for _, label in rows])
        count = np.bincount(labels, minlength=len(CLASSES))
        x += [vector for vector, _ in rows]
        y += list(labels)
        share = 0.3 if name.startswith("nist") else 1.0
        w += list(share * 1000.0 / count[labels])
    return np.array(x, np.float32), np.array(y), np.array(w)


def trained(groups: dict[str, list[tuple[list[float], int]]], names: list[str], seed: int) -> Any:
    """A network trained on these sources."""
    tf.keras.utils.set_random_seed(seed)
    x, y, w = stacked(groups, names)
    more_x, more_y = augmented(x, y, seed)
    more_w = np.concatenate([w, w, np.full(len(more_y) - 2 * len(y), np.median(w))])
    layers = [tf.keras.layers.Dense(n, activation="relu") for n in LAYERS]
    model = tf.keras.Sequential([tf.keras.Input((FEATURES,)), *layers, tf.keras.layers.Dense(5)])
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(3e-3), loss)
    model.fit(more_x, more_y, sample_weight=more_w, epochs=6, batch_size=512, verbose=0)
    return model


def quantised(model: Any, sample: np.ndarray[Any, Any]) -> bytes:
    """The network as an int8 TFLite file."""
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[None]] for row in sample)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def table_of(content: bytes) -> dict[str, Any]:
    """The int8 weights and scales of a TFLite file of fully connected layers."""
    interpreter = tf.lite.Interpreter(
        model_content=content,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    about = {each["index"]: each for each in interpreter.get_tensor_details()}
    (start,), (end,) = interpreter.get_input_details(), interpreter.get_output_details()
    layers: list[dict[str, Any]] = []
    for op in interpreter._get_ops_details():  # noqa: SLF001  # the file's own list has no other door
        if op["op_name"] != "FULLY_CONNECTED":
            continue
        into, weights, bias = (int(each) for each in op["inputs"])
        out = int(op["outputs"][0])
        scales = about[weights]["quantization_parameters"]["scales"]
        in_scale, in_zero = about[into]["quantization"]
        out_scale, out_zero = about[out]["quantization"]
        rows = interpreter.get_tensor(weights)
        scales = np.broadcast_to(scales, len(rows))
        layers.append(
            {
                "weights": rows.tolist(),
                "bias": interpreter.get_tensor(bias).tolist(),
                "multiplier": [float(in_scale * each / out_scale) for each in scales],
                "input_zero": int(in_zero),
                "output_zero": int(out_zero),
                "relu": len(layers) < len(LAYERS),
            }
        )
    return {
        "input_scale": float(start["quantization"][0]),
        "input_zero": int(start["quantization"][1]),
        "output_scale": float(end["quantization"][0]),
        "output_zero": int(end["quantization"][1]),
        "layers": layers,
    }


def scores(model: Any, rows: list[tuple[list[float], int]]) -> dict[str, float]:
    """The share of windows that is called fire, by true class."""
    x, y = np.array([v for v, _ in rows], np.float32), np.array([label for _, label in rows])
    chances = tf.nn.softmax(model.predict(x, verbose=0, batch_size=4096)).numpy()
    fire = chances[:, SMOULDERING] + chances[:, FLAMING] >= 0.8
    return {CLASSES[k]: round(float(fire[y == k].mean()), 4) for k in np.unique(y)}


def main() -> int:
    """Train, check, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("simulated", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "weights")
    parser.add_argument("--seed", type=int, default=1)
    args, say = parser.parse_args(), sys.stdout.write
    groups = load(args.data, args.simulated)
    for name in sorted(groups):
        if name.startswith("nist"):
            model = trained(groups, [each for each in groups if each != name], args.seed)
            say(f"held out {name}: called fire: {scores(model, groups[name])}\n")
    model = trained(groups, list(groups), args.seed)
    for name, rows in sorted(groups.items()):
        say(f"trained on {name}: {len(rows)} windows, called fire: {scores(model, rows)}\n")
    x, _, _ = stacked(groups, list(groups))
    sample = x[np.random.default_rng(args.seed).choice(len(x), 2000, replace=False)]
    content = quantised(model, sample)
    (args.out / "fire_sensors.tflite").write_bytes(content)
    text = json.dumps(table_of(content), separators=(",", ":"))
    (args.out / "fire_sensors.json").write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
