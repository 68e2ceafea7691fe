"""The sensors' model: its table is its TFLite file, any subset of channels, no runtime."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import fire_model
from agent.values import Reading
from drivers.sensor import Quantity
from models import fire_sensors, runtime
from models.fire_sensors import CHANNELS, CLASSES, FEATURES, Features, Network

KNOWN = runtime.manifest()["fire_sensors"]


def network() -> Network:
    return fire_sensors.load(runtime.FOLDER / KNOWN["table"], KNOWN["table_sha256"])


def test_every_file_of_the_manifest_is_the_one_that_was_measured() -> None:
    assert runtime.verified(runtime.FOLDER / KNOWN["tflite"], KNOWN["tflite_sha256"])
    assert runtime.verified(runtime.FOLDER / KNOWN["table"], KNOWN["table_sha256"])


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text("{}")
    with pytest.raises(runtime.ModelError, match="not the file that was measured"):
        fire_sensors.load(path, KNOWN["table_sha256"])
    with pytest.raises(runtime.ModelError, match="install the package again"):
        fire_sensors.load(tmp_path / "none.json", KNOWN["table_sha256"])


def test_the_table_gives_what_the_tflite_file_gives() -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="no TFLite runtime here")
    import numpy as np  # noqa: PLC0415  # comes with the runtime

    runs = litert.Interpreter(model_path=str(runtime.FOLDER / KNOWN["tflite"]))
    runs.allocate_tensors()
    (into,), (out,) = runs.get_input_details(), runs.get_output_details()
    draw, table = random.Random(1), network()
    for _ in range(500):
        vector = [draw.uniform(-2, 2) * (draw.random() > 0.3) for _ in range(FEATURES)]
        scale, zero = into["quantization"]
        runs.set_tensor(
            into["index"],
            np.clip(np.floor(np.array([vector]) / scale + 0.5) + zero, -128, 127).astype(np.int8),
        )
        runs.invoke()
        scale, zero = out["quantization"]
        theirs = (runs.get_tensor(out["index"])[0].astype(int) - zero) * scale
        assert table.logits(vector) == pytest.approx(theirs.tolist(), abs=1.01 * scale)


rows = st.lists(
    st.tuples(
        st.sampled_from([c.quantity for c in CHANNELS] + ["RELATIVE_HUMIDITY_PCT", "BUTTON"]),
        st.floats(-100, 70_000),
        st.floats(0, 400),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(rows)
def test_any_readings_in_any_order_of_channels_give_probabilities(
    seen: list[tuple[str, float, float]],
) -> None:
    features, now = Features(), 0.0
    for quantity, value, after_s in seen:
        now += after_s
        features.update("any", quantity, value, now)
    vector = features.vector(now)
    assert len(vector) == FEATURES
    chances = network().classify(vector)
    assert set(chances) == set(CLASSES)
    assert sum(chances.values()) == pytest.approx(1)


def test_a_channel_that_fell_silent_counts_as_missing() -> None:
    features = Features()
    features.update("smoke", "SMOKE_OBSCURATION_PCT_PER_M", 5.0, 0.0)
    assert features.vector(100.0)[4] == 1.0
    assert features.vector(200.0) == [0.0] * FEATURES


def test_the_virtual_sensor_speaks_every_five_seconds_and_never_of_buttons() -> None:
    (model,) = fire_model.load()
    said = [
        model.update(Reading("ceiling", Quantity.TEMPERATURE_C, 20.0, float(k))) for k in range(21)
    ]
    assert [k for k, each in enumerate(said) if each is not None] == [5, 10, 15, 20]
    assert all(0 <= each.value <= 1 for each in said if each is not None)
    assert model.update(Reading("sos", Quantity.BUTTON, 1.0, 100.0)) is None


def test_quiet_air_scores_low_and_a_fire_high() -> None:
    def score(rise_c: float, rise_pct_per_m: float) -> float:
        (model,) = fire_model.load()
        last = 0.0
        for k in range(200):
            grown = max(0, k - 160) / 40
            for quantity, value in (
                (Quantity.TEMPERATURE_C, 20 + rise_c * grown),
                (Quantity.SMOKE_OBSCURATION_PCT_PER_M, rise_pct_per_m * grown),
            ):
                said = model.update(Reading("ceiling", quantity, value, 2.0 * k))
                last = last if said is None else said.value
        return last

    assert score(0, 0) < 0.2
    assert score(30, 20) > 0.9


def test_a_decision_takes_far_less_than_two_milliseconds() -> None:
    """Ten times the budget's margin, so that a busy machine does not fail it."""
    table, vector = network(), [0.5] * FEATURES
    started = time.process_time()
    for _ in range(100):
        table.classify(vector)
    assert (time.process_time() - started) / 100 < 0.02


def test_the_virtual_sensor_imports_neither_numpy_nor_a_runtime() -> None:
    code = (
        "import sys; from agent import fire_model; fire_model.load();"
        "print([m for m in ('numpy', 'ai_edge_litert', 'tflite_runtime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
