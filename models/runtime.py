"""Model files: each is checked against the manifest before a byte of it is believed.

A TFLite runtime will be imported here and nowhere else, by the models that need one; the model of
the sensors needs none (docs/adr/0006).
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


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
        raise ModelError(f"{path}: {error}: install the package again") from None


def verified(path: Path, sha256: str) -> bytes:
    """Read a file that has this hash (hex).

    Raises:
        ModelError: It is missing, or is not the one that was measured.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}: install the package again") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"{path}: not the file that was measured: install the package again")
    return content
