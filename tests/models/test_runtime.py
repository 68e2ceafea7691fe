"""Model files are checked before a byte is believed, and both runtimes give the same."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import runtime
from models.runtime import Interpreter, ModelError, Tensor

MODELS = [name for name, table in runtime.manifest().items() if "tflite" in table]
BOTH = pytest.mark.skipif(
    len(runtime.installed()) < len(runtime.RUNTIMES),
    reason=f"one runtime here, {runtime.installed()}: tflite-runtime ended at Python 3.11",
)


def loaded(name: str, which: str | None = None) -> Interpreter:
    table = runtime.manifest()[name]
    if "package" in table and not (runtime.FOLDER / table["tflite"]).exists():
        pytest.skip(f"{table['tflite']} is not here: {runtime.FETCH}")
    return runtime.load(name, which)


def noise(tensor: Tensor, draw: np.random.Generator) -> NDArray[Any]:
    """Any input: all of an int8, and 0 to 1 of a float."""
    if np.issubdtype(tensor.dtype, np.integer):
        info = np.iinfo(tensor.dtype)
        return draw.integers(info.min, info.max, tensor.shape, tensor.dtype, endpoint=True)
    return draw.random(tensor.shape, np.float32).astype(tensor.dtype)


def content() -> bytes:
    return runtime.verified_model("fire_sensors", runtime.manifest()["fire_sensors"])


@pytest.mark.parametrize("which", runtime.installed())
@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_manifest_loads_and_answers_in_its_shapes(name: str, which: str) -> None:
    runs = loaded(name, which)
    found = runs.run(*(noise(each, np.random.default_rng(1)) for each in runs.inputs))
    assert [(each.shape, each.dtype) for each in found] == [
        (each.shape, each.dtype) for each in runs.outputs
    ]


@BOTH
@pytest.mark.parametrize("name", MODELS)
def test_both_runtimes_give_the_same(name: str) -> None:
    """An int8 within 1 step (rounding differs between kernels), a float within a
    thousandth of the greatest."""
    ours, theirs = (loaded(name, which) for which in runtime.RUNTIMES)
    assert [str(each) for each in ours.inputs] == [str(each) for each in theirs.inputs]
    draw = np.random.default_rng(2)
    for _ in range(3):
        given_in = [noise(each, draw) for each in ours.inputs]
        pairs = zip(ours.run(*given_in), theirs.run(*given_in), ours.outputs, strict=True)
        for one, other, tensor in pairs:
            apart = np.abs(one.astype(float) - other.astype(float)).max()
            is_whole = np.issubdtype(tensor.dtype, np.integer)
            assert apart <= (1 if is_whole else 1e-3 * np.abs(one).max())


def test_two_networks_in_one_process_do_not_disturb_each_other() -> None:
    first, second = loaded("fire_sensors"), loaded("fire_sensors")
    low, high = (np.full(first.inputs[0].shape, each, np.int8) for each in (-100, 100))
    alone = [first.run(low)[0].tolist(), first.run(high)[0].tolist()]
    assert [first.run(low)[0].tolist(), second.run(high)[0].tolist()] == alone
    assert [second.run(low)[0].tolist(), first.run(high)[0].tolist()] == alone


def test_an_answer_is_a_copy_that_the_next_run_leaves_alone() -> None:
    runs = loaded("fire_sensors")
    shape = runs.inputs[0].shape
    kept = runs.run(np.full(shape, -100, np.int8))[0]
    before = kept.tolist()
    assert runs.run(np.full(shape, 100, np.int8))[0].tolist() != before
    assert kept.tolist() == before


def test_an_input_of_another_shape_or_type_is_refused() -> None:
    runs = loaded("fire_sensors")
    for wrong in (np.zeros((1, 27), np.int8), np.zeros((1, 28), np.float32)):
        with pytest.raises(ValueError, match=r"imension|type"):
            runs.run(wrong)
    with pytest.raises(ValueError, match="argument"):
        runs.run()


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_no_changed_byte_reaches_a_runtime(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A runtime may die of a damaged file, so the hash stands before it."""
    path = tmp_path_factory.getbasetemp() / "changed.tflite"
    whole = content()
    table = runtime.manifest()["fire_sensors"]
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    changed = data.draw(st.sampled_from([flipped + whole[place + 1 :], whole[:place], b""]))
    path.write_bytes(changed)
    with pytest.raises(ModelError, match="not the file that was measured"):
        runtime.verified(path, table["tflite_sha256"])


@pytest.mark.parametrize("which", runtime.installed())
def test_what_is_no_model_is_an_error_in_one_line(which: str) -> None:
    for wrong in (b"", b"x" * 100, b"\0\0\0\0JSON" + bytes(50)):
        with pytest.raises(ModelError, match="not a TFLite file") as told:
            Interpreter(wrong, "odd", which)
        assert "\n" not in str(told.value)


def test_an_operator_that_the_runtime_does_not_know_is_an_error_in_one_line() -> None:
    """The operator's number, FULLY_CONNECTED, made one that nobody has."""
    whole = bytearray(content())
    with pytest.raises(ModelError, match="does not take it") as told:
        Interpreter(_with_unknown_operator(whole), "odd", "litert")
    assert "\n" not in str(told.value)


def _with_unknown_operator(whole: bytearray) -> bytes:
    """Model.operator_codes[0].deprecated_builtin_code and builtin_code (schema.fbs), by offset."""

    def u16(at: int) -> int:
        return int.from_bytes(whole[at : at + 2], "little")

    def u32(at: int) -> int:
        return int.from_bytes(whole[at : at + 4], "little")

    def field(table: int, number: int) -> int:
        vtable = table - int.from_bytes(whole[table : table + 4], "little", signed=True)
        return table + u16(vtable + 4 + 2 * number)

    model = u32(0)
    codes = field(model, 1)
    codes += u32(codes)
    first = codes + 4
    first += u32(first)
    whole[field(first, 0)] = 126
    vtable = first - int.from_bytes(whole[first : first + 4], "little", signed=True)
    if u16(vtable) > 4 + 2 * 3 and u16(vtable + 4 + 2 * 3):
        whole[field(first, 3) : field(first, 3) + 4] = (126).to_bytes(4, "little")
    return bytes(whole)


def test_a_model_that_nobody_knows_is_named_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"smoke: no such model: one of fire_sensors, "):
        runtime.load("smoke")


def test_a_model_that_was_not_fetched_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.toml").write_bytes((runtime.FOLDER / "manifest.toml").read_bytes())
    monkeypatch.setattr(runtime, "FOLDER", tmp_path)
    with pytest.raises(ModelError, match=r"No such file or directory: .* -P -m models fetch"):
        runtime.load("pose_landmarks")
    with pytest.raises(ModelError, match="No such file or directory: install the package again"):
        runtime.load("fire_sensors")


def test_the_environment_chooses_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in runtime.installed():
        monkeypatch.setenv(runtime.CHOICE, name)
        assert runtime.load("fire_sensors").runtime == name
    monkeypatch.setenv(runtime.CHOICE, "torch")
    with pytest.raises(ModelError, match="torch: no such runtime: one of litert, tflite-runtime"):
        runtime.load("fire_sensors")
    monkeypatch.delenv(runtime.CHOICE)
    assert runtime.load("fire_sensors").runtime == runtime.installed()[0]


def test_without_any_runtime_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('ai_edge_litert', 'tflite_runtime')))\n"
        "from models import runtime\n"
        "for which in (None, 'litert'):\n"
        "    try: runtime.load('fire_sensors', which)\n"
        "    except runtime.ModelError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    nothing, named = done.stdout.splitlines()
    assert nothing.startswith("no TFLite runtime is installed: install one: pip install")
    assert named.startswith("litert: cannot be imported: ")
    assert named.endswith(runtime.INSTALL)


def test_importing_it_loads_neither_numpy_nor_a_runtime() -> None:
    code = "import sys, models.runtime; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"numpy", "ai_edge_litert", "tflite_runtime"}


def test_loading_leaves_standard_error_to_what_matters() -> None:
    code = (
        "import os, numpy as np\n"
        "from models import runtime\n"
        "with runtime._quiet():\n"
        "    os.write(2, b'INFO: chatter\\nsomething else\\n')\n"
        "runs = runtime.load('fire_sensors')\n"
        "runs.run(np.zeros((1, 28), np.int8))\n"
        "os.write(2, b'after\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["something else", "after"]
