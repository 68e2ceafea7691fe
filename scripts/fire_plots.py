"""Small plots for the page of alarm times: one a recording, and the leads in simulated fires."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the choice of a backend without a screen

from agent.recording import Recording

MOST_POINTS = 1500


def recording(found: Recording, times: Mapping[str, float | None], path: Path) -> None:
    """Readings over minutes from ignition, our stages and the real alarms; `times` in seconds."""
    ignition_s = found.labels.get("ignition_t_s", 0.0)
    series: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for r in found.readings():
        series[str(r.quantity)][r.sensor].append(((r.at - ignition_s) / 60, r.value))
    figure, axes = plt.subplots(
        len(series), 1, sharex=True, squeeze=False, figsize=(6, 0.6 + 1.1 * len(series)), dpi=70
    )
    for axis, (quantity, sensors) in zip(axes[:, 0], sorted(series.items()), strict=True):
        for rows in sensors.values():
            thin = rows[:: max(1, len(rows) // MOST_POINTS)]
            axis.plot(*zip(*thin, strict=True), linewidth=0.8, color="0.35")
        axis.set_ylabel(quantity.replace("_", "\n", 1).lower(), fontsize=6)
        axis.tick_params(labelsize=6)
        for name, seconds in times.items():
            if seconds is not None:
                colour, style = STYLES[name]
                axis.axvline(seconds / 60, color=colour, linestyle=style, linewidth=1, label=name)
    axes[0, 0].set_title(found.title, fontsize=7)
    axes[-1, 0].set_xlabel("minutes after ignition", fontsize=6)
    if any(seconds is not None for seconds in times.values()):
        axes[0, 0].legend(fontsize=5, loc="upper left")
    _save(figure, path)


STYLES = {
    "prealarm": ("tab:orange", "-"),
    "alarm": ("tab:red", "-"),
    "ionisation": ("tab:blue", ":"),
    "photoelectric": ("tab:green", ":"),
}


def leads(fires: list[dict[str, Any]], path: Path) -> None:
    """How the lead over a photoelectric and a heat detector is distributed."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), dpi=80, sharey=True)
    titles = {"photo": "photoelectric, 10 %/m", "heat": "57 °C heat"}
    for axis, (key, title) in zip(axes, titles.items(), strict=True):
        for each in fires:
            share = [100 * (k + 1) / len(each[key]) for k in range(len(each[key]))]
            axis.plot(each[key], share, linewidth=1, label=each["device"])
        axis.axvline(0, color="0.6", linewidth=0.8)
        axis.set_xlim(-180, 300)
        axis.set_xlabel(f"lead over {title}, s", fontsize=8)
    axes[0].set_ylabel("% of 500 simulated fires", fontsize=8)
    axes[1].legend(fontsize=6)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
