"""A commissioning record held against all that can be known of it: city, device, files, ledger."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from agent import ledger_check
from agent.ledger_file import backwards
from agent.ledger_past import COMMISSIONING
from agent.signing import load_verifier
from agent.values import Why
from provisioning.commission import Commissioning, verify_record
from provisioning.remedy import Failure, ProvisioningError

_AT_DEVICE = Why(
    "기기 앞에서 설정 화면을 열어 설치를 다시 확인해 주세요.",
    "Go to the device, open its setup page and check the installation again.",
)


@dataclass(frozen=True, slots=True)
class Against:
    """What a record is held against, as far as it is there.

    `configuration` is the device's `device.toml`, `ledger` its ledger's folder.
    """

    device: str | None = None
    configuration: Path | None = None
    ledger: Path | None = None


def verify(text: str, anchors: Path, against: Against) -> Commissioning:
    """What the record says, after all of it has held.

    Raises:
        ProvisioningError: Something does not hold; the code says what.
    """
    try:
        body = verify_record(text, anchors)
    except OSError as error:
        raise ProvisioningError(_unreadable(anchors, error)) from None
    if against.device is not None and body.device != against.device:
        detail = f"{body.device}, not {against.device}"
        raise ProvisioningError(Failure("record-of-another", _OF_ANOTHER, _AT_DEVICE, detail))
    if against.configuration is not None:
        _check_configuration(body, against.configuration)
    if against.ledger is not None:
        _check_ledger(text, body, against.ledger)
    return body


def record_sha256(text: str) -> str:
    """What the ledger and the journal call a record."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def read_record(path: Path) -> str:
    """A record's text.

    Raises:
        ProvisioningError: There is no such file, or it holds no text.
    """
    try:
        return path.read_text("ascii")
    except (OSError, ValueError) as error:
        raise ProvisioningError(_unreadable(path, error)) from None


def _check_configuration(body: Commissioning, path: Path) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ProvisioningError(_unreadable(path, error)) from None
    if found != body.configuration_sha256:
        detail = f"{path}: SHA-256 {found}, not {body.configuration_sha256}"
        raise ProvisioningError(Failure("configuration-changed", _CHANGED, _AT_DEVICE, detail))


def _check_ledger(text: str, body: Commissioning, folder: Path) -> None:
    """See that the device's own ledger is whole, and has this record."""
    try:
        key = load_verifier(body.certificate.encode("ascii"))
        report = ledger_check.verify(folder, keys=[key])
        found = {
            str(sealed.record.body.get("sha256"))
            for sealed in backwards(folder)
            if sealed.record.kind == COMMISSIONING
        }
    except OSError as error:
        raise ProvisioningError(_unreadable(folder, error)) from None
    if report.fault is not None:
        detail = f"{report.fault.where}: {report.fault.what}"
        raise ProvisioningError(Failure("ledger-broken", _BROKEN, _AT_DEVICE, detail))
    if record_sha256(text) not in found:
        raise ProvisioningError(Failure("record-not-in-ledger", _MISSING, _AT_DEVICE, str(folder)))


_OF_ANOTHER = Why(
    "이것은 다른 기기의 설치 기록입니다.", "This is the commissioning record of another device."
)
_CHANGED = Why(
    "설치한 뒤에 기기의 설정이 바뀌었습니다.",
    "The device's configuration was changed after it was commissioned.",
)
_BROKEN = Why("기기의 점검 기록부가 온전하지 않습니다.", "The device's ledger is not whole.")
_MISSING = Why(
    "기기의 점검 기록부에 이 설치 기록이 없습니다.",
    "The device's ledger does not know of this record.",
)


def _unreadable(path: Path, error: Exception) -> Failure:
    return Failure(
        "file-unreadable",
        Why(f"{path} 을(를) 읽을 수 없습니다.", f"{path} cannot be read."),
        Why(
            "파일의 위치와 이름을 확인해 주세요.", "Check where the file is and what it is called."
        ),
        str(error),
    )
