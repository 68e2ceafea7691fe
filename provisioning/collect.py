"""A commissioning record from a device over the local network: by the code of its label.

The device's TLS certificate is its own and vouched for by nobody, as on a phone. What comes is
believed for its signature alone (`provisioning.verify`); the code opens that device's page only.
"""

import http.client
import json
import ssl
from urllib.parse import urlsplit

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError

_TIMEOUT_S = 20.0
_LONGEST = 256 << 10


def fetch_record(url: str, code: str) -> str:
    """The record of the device at `url` (`https://haetae-<id>.local`).

    Raises:
        ProvisioningError: The device is not there, refuses the code, or is not commissioned.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or 443, timeout=_TIMEOUT_S, context=context
    )
    try:
        origin = {"Origin": f"https://{parts.netloc}", "Content-Type": "application/json"}
        body = json.dumps({"code": code})
        opened = _ask(connection, "POST", "/api/session", body, origin)
        cookie = (opened.getheader("Set-Cookie") or "").partition(";")[0]
        answer = _ask(connection, "GET", "/record", None, {"Cookie": cookie})
        return answer.read(_LONGEST).decode("ascii")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ProvisioningError(_unreachable(f"{parts.netloc}: {error}")) from None
    finally:
        connection.close()


def _ask(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
) -> http.client.HTTPResponse:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    if answer.status != http.client.OK:
        raise ProvisioningError(_refused(answer.read(_LONGEST), answer.status))
    if method == "POST":
        answer.read(_LONGEST)
    return answer


def _refused(raw: bytes, status: int) -> Failure:
    """The device's own words, which are in both languages."""
    try:
        found = json.loads(raw)
        what, remedy = (Why(found[key]["ko"], found[key]["en"]) for key in ("what", "remedy"))
        return Failure(str(found["code"]), what, remedy, f"HTTP {status}")
    except (ValueError, LookupError, TypeError):
        return _unreachable(f"HTTP {status}")


def _unreachable(detail: str) -> Failure:
    return Failure(
        "device-unreachable",
        Why("기기에 연결할 수 없습니다.", "The device cannot be reached."),
        Why(
            "노트북을 기기와 같은 와이파이(Haetae-...)나 공유기에 연결해 주세요. 설정 화면이 "
            "닫혔으면 기기의 버튼을 5초 동안 누르세요. 휴대폰에 저장한 기록 파일이 있으면 --from "
            "으로 주세요.",
            "Connect this laptop to the device's own Wi-Fi (Haetae-...) or to the same router. If "
            "the setup page is closed, hold the device's button for five seconds. A record saved "
            "on a phone is taken with --from.",
        ),
        detail,
    )
