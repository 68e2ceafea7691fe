"""A wireless network's key from its password (IEEE 802.11, J.4.1): the password goes nowhere."""

import hashlib
import re

import msgspec

from agent.values import Why
from provisioning.seed import Wifi

_PASSWORD = re.compile(r"[\x20-\x7e]{8,63}")
_PSK = re.compile(r"[0-9a-fA-F]{64}")


class WifiProblemError(ValueError):
    """No network can be like that; `column` is which of `wifi_ssid` and so on is wrong."""

    def __init__(self, column: str, why: Why) -> None:
        super().__init__(why.en)
        self.column, self.why = column, why


def wifi_for(ssid: str, password: str, country: str) -> Wifi:
    """The network as a seed has it; `password` may be the 64 hexadecimal digits themselves.

    Raises:
        WifiProblemError: It cannot be.
    """
    name = ssid.encode()
    if not 1 <= len(name) <= 32:
        why = Why("와이파이 이름은 1~32바이트여야 합니다", "a network's name has 1 to 32 bytes")
        raise WifiProblemError("wifi_ssid", why)
    if _PSK.fullmatch(password):
        psk = password.lower()
    elif _PASSWORD.fullmatch(password):
        psk = hashlib.pbkdf2_hmac("sha1", password.encode(), name, 4096, 32).hex()
    else:
        ko = "와이파이 비밀번호는 영문, 숫자, 기호로 8~63자여야 합니다"
        why = Why(ko, "a network's password has 8 to 63 ASCII characters")
        raise WifiProblemError("wifi_password", why)
    try:
        return msgspec.convert({"ssid": ssid, "psk": psk, "country": country.upper()}, Wifi)
    except msgspec.ValidationError:
        why = Why("국가는 KR처럼 두 글자여야 합니다", "a country has two letters, as KR")
        raise WifiProblemError("wifi_country", why) from None
