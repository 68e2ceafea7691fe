"""What the agent runs from: the shipped packages with the installed bundles over them, as links.

It is made in memory at every start, once each bundle has been checked, and again for a trial:

    /run/haetae-app/current  ->  views/<name>          the switch: one rename of one link
    /run/haetae-app/views/<name>/agent/...             a link to a package, or to each file of one
                                 installed.json        which bundles these are, for the agent to say

`PYTHONPATH=/run/haetae-app/current` puts it before the packages of /opt/haetae. Where there is no
`current`, Python runs those: they always work, and nothing of this is needed for it.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from provisioning.update.manifest import APPLICATION, MODELS, RULES
from provisioning.update.selection import Layers
from provisioning.update.trees import FILES, files_in

PACKAGES = ("agent", "drivers", "models", "provisioning")
CURRENT, VIEWS, INSTALLED_FILE = "current", "views", "installed.json"
_MODEL_DATA = ("models/manifest.toml", "models/weights/", "models/cards/")
_ORDER = (APPLICATION, MODELS, RULES)  # a later one stands over an earlier one


@dataclass(frozen=True, slots=True)
class Ground:
    """Where views are made of what: `installed` bundles over the `shipped` packages, in `run`."""

    installed: Path
    shipped: Path
    run: Path

    @property
    def current(self) -> Path:
        """The link that is switched."""
        return self.run / CURRENT


def prepare(ground: Ground, layers: Layers) -> Path | None:
    """Make the view of these bundles, which nobody uses yet; None for what was shipped.

    Each of them must have been checked.

    Raises:
        OSError: There is no memory left, or a bundle is gone.
    """
    shown = {kind: layers[kind] for kind in _ORDER if kind in layers}
    if not shown:
        return None
    text = msgspec.json.encode(shown)
    view = ground.run / VIEWS / hashlib.sha256(text).hexdigest()[:16]
    if not view.is_dir():
        fresh = view.with_name(f".{view.name}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o755)
        _fill(fresh, _sources(ground, shown))
        (fresh / INSTALLED_FILE).write_bytes(text)
        fresh.rename(view)
    return view


def switch(ground: Ground, view: Path | None) -> None:
    """Have every process that starts from now on run from this view; None: what was shipped.

    Raises:
        OSError: There is no memory left; what ran before stays.
    """
    if view is None:
        ground.current.unlink(missing_ok=True)
        return
    link = ground.run / f".{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(VIEWS, view.name))
    link.replace(ground.current)


def prune(ground: Ground) -> None:
    """Remove every view but the current one: all processes have begun anew since."""
    kept = ground.current.resolve().name
    views = ground.run / VIEWS
    for each in list(views.iterdir()) if views.is_dir() else ():
        if each.name != kept:
            shutil.rmtree(each, ignore_errors=True)


def _sources(ground: Ground, layers: Layers) -> dict[str, Path]:
    """Where each file of the packages comes from."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        folder = ground.shipped / package
        found.update({f"{package}/{path}": folder / path for path in files_in(folder)})
    for kind, layer in layers.items():
        tree = ground.installed / layer.sha256 / FILES
        paths = [path for path in files_in(tree) if path.split("/")[0] in PACKAGES]
        if kind == APPLICATION:  # weights may be too large to be in it: each is known by its hash
            found = {path: each for path, each in found.items() if path.startswith(_MODEL_DATA)}
        found.update({path: tree / path for path in paths})
    return found


def _fill(view: Path, sources: Mapping[str, Path]) -> None:
    """Link each package as a whole where one place has all of it, else each of its files."""
    for package in PACKAGES:
        inside = {path: source for path, source in sources.items() if _is_in(path, package)}
        if not inside:
            continue
        places = {source.parents[path.count("/") - 1] for path, source in inside.items()}
        only = places.pop() if len(places) == 1 else None
        if only is not None and len(inside) == sum(1 for _ in files_in(only)):
            (view / package).symlink_to(only)
            continue
        for path, source in inside.items():
            target = view / path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            target.symlink_to(source)


def _is_in(path: str, package: str) -> bool:
    return path.startswith(f"{package}/")
