"""Folders that releases are made of, and what a test needs to tell how one was refused."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning.remedy import ProvisioningError
from provisioning.update import bundle
from provisioning.update.catalogue import Release
from provisioning.update.manifest import About
from provisioning.update.signing import Moment, Signer

MADE = datetime(2026, 11, 1, 12, tzinfo=UTC)
LOCK = "a" * 64
PROGRAM = {"agent/__init__.py": b"", "agent/app.py": b"armed = True\n" * 99}


def laid_out(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files, below the folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def about(**said: Any) -> About:
    """What a maker says of an application, less what a test says instead."""
    told: dict[str, Any] = {
        "kind": "application",
        "version": "0.3.0",
        "made": MADE,
        "lock": LOCK,
    }
    return About(**told | said)


def made(folder: Path, signer: Signer, files: Mapping[str, bytes] = PROGRAM, **said: Any) -> Path:
    """A bundle of these files, beside its folder."""
    path = folder.with_suffix(bundle.SUFFIX)
    path.write_bytes(bundle.make(laid_out(folder, files), about(**said), signer))
    return path


def offer(**said: Any) -> Release:
    """A release in a catalogue, less what a test says instead."""
    told: dict[str, Any] = {
        "kind": "application",
        "version": "0.3.0",
        "url": "a.haetae",
        "bytes": 1,
        "sha256": "5" * 64,
        "lock": LOCK,
    }
    return Release(**told | said)


def known(days: float = 0.0) -> Moment:
    """So many days after `MADE`, where the clock is right."""
    return Moment(MADE + timedelta(days=days), is_known=True)


def unknown(days: float = 0.0) -> Moment:
    """That so many days since `MADE` are surely past is all that is known."""
    return Moment(MADE + timedelta(days=days), is_known=False)


def refusal(call: Callable[[], object]) -> str:
    """The code of the failure that it ends with."""
    with pytest.raises(ProvisioningError) as raised:
        call()
    return raised.value.failure.code
