"""How good `fire_image` is on sources that it never saw, and how far int8 is from float."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.fire_pictures import FOLDS, HALF, ORDINARY, Picture, left_out, names

FALSE_ORDINARY, FALSE_SMOKE = 0.005, 0.01  # of left-out rooms; of all negatives, smoke too

Array = NDArray[Any]


def area_under(positive: Array, negative: Array) -> float:
    """How often a positive scores above a negative; a tie counts half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    upto = np.searchsorted(ordered, positive, "right")
    return float((below + upto).mean() / 2 / len(negative))


def recall_at(positive: Array, negative: Array, false: float = 0.01) -> float:
    """The share of positives above all but this share of the negatives."""
    return float((positive > np.quantile(negative, 1 - false)).mean())


def threshold_for(negative: Array, false: float) -> float:
    """The least hundredth that no more than this share of the negatives reaches."""
    return float(np.floor(np.quantile(negative, 1 - false) * 100 + 1) / 100)


def cross_source(found: list[Picture], scores: Array) -> str:
    """The tables of the card. `scores` (pictures, 2) are of networks that saw none of a source."""
    return "".join(f"{line}\n" for line in _lines(found, scores))


def _lines(found: list[Picture], scores: Array) -> Iterator[str]:
    source, label = names(found, "source"), names(found, "label")
    fire, none = scores[:, 0], label == "none"
    ordinary = none & np.isin(source, ORDINARY)
    yield "| left out | fires | AUC, its own negatives | AUC, all | AUC, ordinary | recall at 1 % |"
    for fold in FOLDS:
        here, own = fire[(source == fold) & (label == "fire")], none & left_out(found, fold)
        by = [area_under(here, fire[each]) for each in (own, none, ordinary)]
        figures = " | ".join(f"{each:.3f}" for each in (*by, recall_at(here, fire[none])))
        yield f"| {fold} | {len(here)} | {figures} |"
    # networks that were trained without nganltp know no smoke at all
    knows_smoke = none & ~left_out(found, "nganltp")
    limits = (
        threshold_for(fire[ordinary], FALSE_ORDINARY),
        threshold_for(scores[knows_smoke, 1], FALSE_SMOKE),
    )
    yield f"thresholds: fire {limits[0]}, smoke {limits[1]}"
    yield "| source | pictures of neither | called fire | called smoke |"
    for each in sorted(set(source[none])):
        those = scores[none & (source == each)]
        called = " | ".join(f"{(those[:, n] >= limits[n]).mean():.4f}" for n in (0, 1))
        yield f"| {each} | {len(those)} | {called} |"
    for name, those in (("ordinary", scores[ordinary]), ("all", scores[none])):
        yield f"| {name} | {len(those)} | {(those[:, 0] >= limits[0]).mean():.4f} | |"
    for fold in FOLDS:
        here = fire[(source == fold) & (label == "fire")]
        yield f"fires of {fold} found at the threshold: {(here >= limits[0]).mean():.3f}"


def smoke(found: list[Picture], scores: Array) -> str:
    """Smoke in pictures of a source that half was seen of: no measure across sources."""
    out, label = left_out(found, HALF), names(found, "label")
    here, none = scores[out & (label == "smoke"), 1], scores[out & (label == "none"), 1]
    figures = f"AUC {area_under(here, none):.3f}, recall at 1 % {recall_at(here, none):.3f}"
    found_at = ", ".join(f"{(here >= at).mean():.3f} at {at}" for at in (0.5, 0.7, 0.8, 0.9, 0.95))
    return f"smoke, {HALF}: {len(here)} against {len(none)}: {figures}; found: {found_at}\n"


def agreement(
    labels: Array, floats: Array, int8: Array, auc_lost: float, apart: float
) -> tuple[bool, str]:
    """Whether int8 is too far from float, and by how much it is."""
    wrong, text = False, ""
    for n, name in enumerate(("fire", "smoke")):
        is_it, none = labels == name, labels == "none"
        before = area_under(floats[is_it, n], floats[none, n])
        after = area_under(int8[is_it, n], int8[none, n])
        mean = float(np.abs(floats[:, n] - int8[:, n]).mean())
        most = float(np.abs(floats[:, n] - int8[:, n]).max())
        wrong |= before - after > auc_lost or mean > apart
        text += f"{name}: AUC float {before:.4f}, int8 {after:.4f}; "
        text += f"scores apart by {mean:.4f} on average, {most:.4f} at most\n"
    return wrong, text + ("int8 is too far from float: nothing is written\n" if wrong else "")
