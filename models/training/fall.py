"""Makes `weights/fall.tflite` again: poses, windows, training, float or float16, tables.

    python -m models.training.fall DATA [--out models/weights] [--cache DIR] [--rooms] [--seed 1]

DATA is the folder with `clips.csv`. Needs tensorflow-cpu, ai-edge-litert and PyAV in an environment
of its own, and the pose files (`python -m models fetch`); runs in no test and no CI. Trains on the
clips of role `train` and measures on those of role `val`; with `--rooms` also once for each room
without it. The log goes to standard output and, as JSON, beside the weights' card.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path as File
from typing import Any

import keras  # type: ignore[import-not-found,import-untyped,unused-ignore]
import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

from models.fall import FALL_THRESHOLD, FallWatch
from models.fall_features import FEATURES, STEPS
from models.pose_geometry import Floats
from models.runtime import Interpreter
from models.training.fall_clips import GIVEN, Clip, Frames, clips, given, hashes, seen
from models.training.fall_windows import Path, dataset, paths

RATE_HZ = 10.0
COPIES = 2
EPOCHS, BATCH, MEMBERS = 6, 256, 2
WITHIN_S = 3.0  # of a fall's end: in time
Sets = dict[str, tuple[Floats, Floats]]
Score = dict[str, Any]


def network(seed: int, mean: Floats, spread: Floats) -> Any:
    """Two convolutions over time and a small dense layer; the input is made even inside."""
    keras.utils.set_random_seed(seed)
    layers, l2 = keras.layers, keras.regularizers.l2(1e-3)
    into = keras.Input((STEPS, len(FEATURES)))
    flow = layers.Normalization(mean=mean, variance=spread**2)(into)
    flow = layers.Dropout(0.2)(layers.Conv1D(24, 5, activation="relu")(flow))
    flow = layers.Dropout(0.2)(layers.Conv1D(24, 5, strides=2, activation="relu")(flow))
    flow = layers.Dense(24, activation="relu", kernel_regularizer=l2)(layers.Flatten()(flow))
    return keras.Model(into, layers.Dense(1)(layers.Dropout(0.3)(flow)))


def fitted(features: Floats, labels: Floats, seed: int, epochs: int = EPOCHS) -> Any:
    """A network trained on these windows; falls and the rest weigh 7 to 10."""
    mean, spread = features.mean(axis=(0, 1)), features.std(axis=(0, 1)) + 0.05
    model = network(seed, mean, spread)
    share = labels.mean()
    weights = np.where(labels > 0, 0.35 / share, 0.5 / (1 - share))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * (len(labels) // BATCH))
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-3),
        keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.02),
    )
    model.fit(features, labels, sample_weight=weights, batch_size=BATCH, epochs=epochs, verbose=0)
    return model


def converted(members: list[Any], float16: bool = False) -> bytes:
    """The mean of these networks' logits as one TFLite file."""
    into = keras.Input((STEPS, len(FEATURES)))
    outputs = [member(into) for member in members]
    mean = keras.layers.Average()(outputs) if len(outputs) > 1 else outputs[0]
    with tempfile.TemporaryDirectory() as folder:
        keras.Model(into, mean).export(folder, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        content: bytes = converter.convert()
    return content


def alarms(frames: Frames, classifier: Interpreter) -> list[float]:
    """When a device would have begun to say that somebody fell, seconds."""
    watch, is_on, found = FallWatch(classifier), False, []
    for at, people in frames:
        is_fallen = watch.update(people, at).fall >= FALL_THRESHOLD
        if is_fallen and not is_on:
            found.append(at)
        is_on = is_fallen
    if not is_on and watch.end().fall >= FALL_THRESHOLD:
        found.append(frames[-1][0])
    return found


def measured(
    some: Iterable[Clip],
    frames: Callable[[Clip], Frames],
    classifier: Callable[[Clip], Interpreter],
) -> Score:
    """Right and all by room and kind, false alarms and minutes without a fall, what went wrong.

    A fall is right with an alarm between its beginning and 3 s after its end; any alarm before it
    is a false one, as is every alarm of a clip without a fall.
    """
    rooms: dict[str, list[int]] = {}
    false, minutes, wrong = 0, 0.0, []
    for clip in some:
        stream = frames(clip)
        found = alarms(stream, classifier(clip))
        begins, ends = clip.fall or (stream[-1][0], 0.0)
        early = [at for at in found if at < begins or clip.fall is None]
        hit = any(begins <= at <= ends + WITHIN_S for at in found)
        is_right = hit if clip.fall else not found
        false, minutes = false + len(early), minutes + begins / 60
        counts = rooms.setdefault(f"{clip.room} {'fall' if clip.fall else 'adl'}", [0, 0])
        counts[0] += is_right
        counts[1] += 1
        if early or not is_right:
            wrong.append([clip.name, [round(at, 1) for at in found]])
    return {
        "right": dict(sorted(rooms.items())),
        "false_alarms": false,
        "negative_minutes": round(minutes, 1),
        "false_alarms_per_hour": round(60 * false / minutes, 2),
        "wrong": wrong,
    }


def gathered(all_clips: list[Clip], cache: File, seed: int) -> Sets:
    """The windows of each clip's room and role, from the given keypoints and from our own."""
    bodies: dict[str, list[Path]] = {}
    for clip in all_clips:
        key = f"{clip.room} {'val' if clip.is_validation else 'train'}"
        ways = [given(clip)] + ([seen(clip, RATE_HZ, cache)] if clip.video else [])
        for frames in ways:
            bodies.setdefault(key, []).extend(paths(clip, frames))
    return {
        key: dataset(each, COPIES, np.random.default_rng([seed, *key.encode()]))
        for key, each in sorted(bodies.items())
    }


def joined(sets: Sets, keys: Iterable[str]) -> tuple[Floats, Floats]:
    """Several sets as one."""
    chosen = [sets[key] for key in keys]
    return np.concatenate([x for x, _ in chosen]), np.concatenate([y for _, y in chosen])


def without_each_room(all_clips: list[Clip], sets: Sets, cache: File, seed: int) -> Score:
    """Every clip judged by a network that never saw its room."""
    networks = {}
    for room in sorted({clip.room for clip in all_clips}):
        features, labels = joined(sets, [key for key in sets if key.split()[0] != room])
        networks[room] = Interpreter(converted([fitted(features, labels, seed)]), room)
        print(f"without {room}: {len(labels)} windows", flush=True)  # noqa: T201  # the log
    filmed = [clip for clip in all_clips if clip.video]
    return {
        GIVEN: measured(all_clips, given, lambda clip: networks[clip.room]),
        "own_10_hz": measured(
            filmed, lambda clip: seen(clip, RATE_HZ, cache), lambda clip: networks[clip.room]
        ),
    }


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.fall", description=__doc__)
    parser.add_argument("data", type=File)
    parser.add_argument("--out", type=File, default=File("models/weights"))
    parser.add_argument("--cache", type=File, default=File("build/fall-poses"))
    parser.add_argument("--log", type=File, default=File("build/fall-training.json"))
    parser.add_argument("--rooms", action="store_true", help="once without each room, too")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Train, gate, write, measure."""
    args = arguments(words)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    all_clips = clips(args.data)
    used = [clip for clip in all_clips if args.rooms or not clip.is_validation]
    sets = gathered(used, args.cache, args.seed)
    features, labels = joined(sets, [key for key in sets if key.endswith("train")])
    members = [fitted(features, labels, args.seed + number) for number in range(MEMBERS)]
    whole, half = converted(members), converted(members, float16=True)
    sample = features[:: max(1, len(features) // 500)]
    content = half if agree(whole, half, sample) else whole
    (args.out / "fall.tflite").write_bytes(content)
    shipped = Interpreter(content, "fall")
    judged = [clip for clip in all_clips if clip.is_validation]
    log: Score = {
        "data_sha256": hashes(args.data),
        "seed": args.seed,
        "tensorflow": tf.__version__,
        "windows": len(labels),
        "falls_among_them": round(float(labels.mean()), 4),
        "float16": content is half,
        "sha256": hashlib.sha256(content).hexdigest(),
        "val": {
            GIVEN: measured(judged, given, lambda _: shipped),
            "own_10_hz": measured(
                judged, lambda clip: seen(clip, RATE_HZ, args.cache), lambda _: shipped
            ),
        },
    }
    if args.rooms:
        log["without_the_room"] = without_each_room(all_clips, sets, args.cache, args.seed)
    args.log.parent.mkdir(parents=True, exist_ok=True)
    args.log.write_text(json.dumps(log, indent=1) + "\n", "utf-8")
    print(json.dumps(log, indent=1))  # noqa: T201  # the log
    return 0


def agree(whole: bytes, half: bytes, sample: Floats) -> bool:
    """Whether float16 weights change no window's score by more than 0.01."""
    one, other = Interpreter(whole, "float"), Interpreter(half, "float16")
    apart = [
        abs(chance(one.run(each[None])[0]) - chance(other.run(each[None])[0])) for each in sample
    ]
    print(f"float16 against float: at most {max(apart):.5f} apart")  # noqa: T201  # the log
    return max(apart) <= 0.01


def chance(logit: Any) -> float:
    """A logit as 0 to 1."""
    return float(1 / (1 + np.exp(-float(logit.ravel()[0]))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
