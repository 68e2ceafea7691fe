"""Model files, and the one place that runs them: checked before a byte is believed, then loaded.

Two TFLite runtimes do: ai-edge-litert on every Python, and tflite-runtime 2.14 up to Python 3.11.
Both die of a segmentation fault on some damaged files: that none is ever handed one is the hash's
doing. Importing this module loads neither; the model of the sensors needs none (docs/adr/0006).
"""

import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent
RUNTIMES = {  # in order of preference: the first is faster, and has a future
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
CHOICE = "HAETAE_RUNTIME"  # environment variable that names one of them
INSTALL = "install one: pip install 'haetae[perception]'"
AGAIN = "install the package again"
FETCH = f"{sys.executable} -P -m models fetch"  # -P: those installed, not those of this folder


class ModelError(Exception):
    """A model cannot be used; one line that names the file and the remedy."""


def manifest() -> dict[str, dict[str, Any]]:
    """What is known of every weight file, by model.

    Raises:
        ModelError: The manifest cannot be read.
    """
    path = FOLDER / "manifest.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}: {AGAIN}") from None


def verified(path: Path, sha256: str, remedy: str = AGAIN) -> bytes:
    """Read a file that has this hash (hex).

    Raises:
        ModelError: It is missing, or is not the one that was measured.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}: {remedy}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"{path}: not the file that was measured: {remedy}")
    return content


def verified_model(name: str, table: Mapping[str, Any]) -> bytes:
    """The bytes of a model of the manifest, its hash checked.

    Raises:
        ModelError: There is no such file, or another one.
    """
    if "tflite" not in table:
        raise ModelError(f"{name}: has no TFLite file: {AGAIN}")
    remedy = FETCH if "package" in table else AGAIN
    return verified(FOLDER / table["tflite"], table["tflite_sha256"], remedy)


def installed() -> list[str]:
    """The runtimes that can be imported here, the preferred one first."""
    return [name for name in RUNTIMES if importlib.util.find_spec(RUNTIMES[name].partition(".")[0])]


def load(name: str, runtime: str | None = None) -> "Interpreter":
    """Load a model of the manifest; its file is checked, and only the bytes checked are used.

    Args:
        name: The table of manifest.toml.
        runtime: `litert` or `tflite-runtime`; by default what the environment variable
            HAETAE_RUNTIME names, else the first that is installed.

    Raises:
        ModelError: No such model, file or runtime, or the runtime does not take the file.
    """
    known = manifest()
    if name not in known:
        raise ModelError(f"{name}: no such model: one of {', '.join(known)}")
    return Interpreter(verified_model(name, known[name]), name, runtime)


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output. A quantised value stands for `scale * (value - zero_point)`.

    `scale` is 0 where nothing is quantised.
    """

    name: str
    index: int
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    scale: float
    zero_point: int


class Interpreter:
    """A loaded network, run on one thread; one caller at a time.

    Hand it only bytes whose hash is known: a runtime may crash on others.
    """

    def __init__(self, content: bytes, name: str = "model", runtime: str | None = None) -> None:
        """Load.

        Raises:
            ModelError: No runtime is installed, or it does not take the file.
        """
        self.runtime = _chosen(runtime)
        self._content = content  # the runtime reads it where it lies
        if content[4:8] != b"TFL3":  # §"File identifiers" of the flatbuffer's schema.fbs
            raise ModelError(f"{name}: not a TFLite file: {AGAIN}")
        module = _imported(self.runtime)
        try:
            with _quiet():
                self._runs = module.Interpreter(model_content=content, num_threads=1)
                self._runs.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            why = " ".join(str(error).split())
            text = f"{name}: {self.runtime} does not take it: {why}: update the runtime"
            raise ModelError(text) from None
        self.inputs = [_tensor(each) for each in self._runs.get_input_details()]
        self.outputs = [_tensor(each) for each in self._runs.get_output_details()]

    def run(self, *inputs: "NDArray[Any]") -> "list[NDArray[Any]]":
        """Give a copy of each output, raw as the file has it, for one array for each input.

        Raises:
            ValueError: An input has another shape or type than `inputs` says.
        """
        for tensor, value in zip(self.inputs, inputs, strict=True):
            self._runs.set_tensor(tensor.index, value)
        self._runs.invoke()
        return [self._runs.get_tensor(tensor.index) for tensor in self.outputs]


def _chosen(runtime: str | None) -> str:
    """The runtime to use, by its name in RUNTIMES."""
    wanted = runtime or os.environ.get(CHOICE)
    if wanted:
        if wanted not in RUNTIMES:
            raise ModelError(f"{wanted}: no such runtime: one of {', '.join(RUNTIMES)}")
        return wanted
    here = installed()
    if not here:
        raise ModelError(f"no TFLite runtime is installed: {INSTALL}")
    return here[0]


def _imported(runtime: str) -> Any:
    try:
        return importlib.import_module(RUNTIMES[runtime])
    except ImportError as error:
        raise ModelError(f"{runtime}: cannot be imported: {error}: {INSTALL}") from None


def _tensor(details: Mapping[str, Any]) -> Tensor:
    import numpy as np  # noqa: PLC0415  # comes with the runtime, and the agent runs without

    scale, zero_point = details["quantization"]
    return Tensor(
        details["name"],
        int(details["index"]),
        tuple(int(each) for each in details["shape"]),
        np.dtype(details["dtype"]),
        float(scale),
        int(zero_point),
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep a runtime's remarks (`INFO: ...`) off standard error; everything else is passed on.

    The runtimes write to the descriptor itself. It belongs to the whole process, so in another
    thread than the first nothing is held back.
    """
    if threading.current_thread() is not threading.main_thread() or sys.stderr is None:
        yield
        return
    with open(os.memfd_create("held"), "r+b") as held:  # noqa: PTH123  # a descriptor, no path
        own = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(own, 2)
            os.close(own)
            held.seek(0)
            for line in held:
                if not line.startswith((b"INFO: ", b"I0000", b"W0000")):
                    os.write(2, line)
