"""The parts list of an image: CycloneDX 1.6 in JSON, of Debian's packages and Python's wheels."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from image.debian import Packages
from image.wheels import sha256_of

_LICENSE_LINE = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)
_TOO_LONG = 128  # a licence's name; more is its text


def bill(
    root: Path, packages: Packages, wheels: Sequence[Path], epoch_s: int, simulated: bool
) -> bytes:
    """The list as a file: the same for the same parts."""
    here = _installed(root)
    every = {name: digest for name, digest in packages.installed.items() if name in here}
    every |= packages.unpacked
    parts = [*_debian(root, every), *map(_python, wheels)]
    parts.sort(key=lambda part: str(part["bom-ref"]))
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{UUID(bytes=digest[:16], version=4)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "firmware",
                "bom-ref": "image",
                "name": "haetae-rehearsal-image" if simulated else "haetae-image",
                "version": _version(wheels),
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": parts,
        "dependencies": [{"ref": "image", "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _installed(root: Path) -> set[str]:
    """What dpkg has installed, as `name=version`."""
    records = (root / "var/lib/dpkg/status").read_text("utf-8").split("\n\n")
    fields = (
        {key: value for key, _, value in (line.partition(": ") for line in record.splitlines())}
        for record in records
        if record.strip()
    )
    return {f"{each['Package']}={each['Version']}" for each in fields}


def _debian(root: Path, digests: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for package, digest in sorted(digests.items()):
        name, _, version = package.partition("=")
        reference = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch=arm64"
        yield {
            "type": "application" if name.startswith("linux-image") else "library",
            "bom-ref": reference,
            "name": name,
            "version": version,
            "purl": reference,
            "hashes": [{"alg": "SHA-256", "content": digest}],
            **_licenses(_debian_licenses(root, name)),
        }


def _debian_licenses(root: Path, name: str) -> list[str]:
    """The short names that a machine-readable copyright file gives; none where it is prose."""
    try:
        text = (root / "usr/share/doc" / name / "copyright").read_text("utf-8", "replace")
    except OSError:
        return []
    return sorted({found.strip() for found in _LICENSE_LINE.findall(text)})


def _python(wheel: Path) -> dict[str, object]:
    about = _metadata(wheel)
    name, version = str(about["Name"]), str(about["Version"])
    reference = f"pkg:pypi/{quote(name.lower())}@{quote(version)}"
    said = [about.get("License-Expression"), about.get("License")]
    classes = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier", [])
        if each.startswith("License :: ") and not each.endswith("OSI Approved")
    ]
    named = [str(each).strip() for each in said if each] or classes
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
        "hashes": [{"alg": "SHA-256", "content": sha256_of(wheel)}],
        **_licenses(named or classes),
    }


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        entry = next(
            name for name in archive.namelist()
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1
        )  # fmt: skip
        return HeaderParser().parsestr(archive.read(entry).decode())


def _licenses(names: Sequence[str]) -> dict[str, object]:
    short = [each.splitlines()[0][:_TOO_LONG] for each in names if each.strip()]
    return {"licenses": [{"license": {"name": each}} for each in short]} if short else {}


def _version(wheels: Sequence[Path]) -> str:
    own = next((path for path in wheels if path.name.startswith("haetae-")), None)
    return own.name.split("-")[1] if own else "0"
