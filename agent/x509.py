"""What a certificate says, read without a library: names, issuer, dates (RFC 5280 §4.1).

Only for words to people: who is trusted, the TLS library decides.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_SEQUENCE, _VERSION, _UTC_TIME, _OID, _EXTENSIONS = 0x30, 0xA0, 0x17, 0x06, 0xA3  # ASN.1 (X.690)
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87  # GeneralName (§4.2.1.6)
_COMMON_NAME, _ORGANISATION = bytes([0x55, 4, 3]), bytes([0x55, 4, 10])
_ALTERNATIVE_NAMES = bytes([0x55, 0x1D, 17])
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whom a certificate names and until when; `names` falls back to the subject's common name."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    subject: str = ""  # its common name

    def is_for(self, host: str) -> bool:
        """Whether it names `host`, a wildcard standing for one label."""
        wanted = host.lower().rstrip(".")
        _, _, parent = wanted.partition(".")
        return any(each.lower() in {wanted, f"*.{parent}"} for each in self.names)


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate's bytes.

    Raises:
        ValueError: It is no certificate.
        IndexError: It is cut short.
    """
    _, whole, _ = _element(der)
    _, rest, _ = _element(whole)
    tag, _, behind = _element(rest)
    if tag == _VERSION:
        rest = behind
    for _ in range(2):  # serial number, signature algorithm
        _, _, rest = _element(rest)
    _, issuer, rest = _element(rest)
    tag, validity, rest = _element(rest)
    if tag != _SEQUENCE:
        raise ValueError("no validity")
    begin_tag, begin, behind = _element(validity)
    end_tag, end, _ = _element(behind)
    _, subject, rest = _element(rest)
    common = tuple(_attributes(subject, _COMMON_NAME))
    names = tuple(_alternatives(rest)) or common
    issued_by = [*_attributes(issuer, _COMMON_NAME), *_attributes(issuer, _ORGANISATION)]
    return Certificate(
        names,
        issued_by[0] if issued_by else "",
        _time(begin_tag, begin),
        _time(end_tag, end),
        common[0] if common else "",
    )


def _time(tag: int, text: bytes) -> datetime:
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)


def _attributes(name: bytes, kind: bytes) -> Iterator[str]:
    """The values of one kind in a distinguished name."""
    for _, one in _elements(name):
        for _, pair in _elements(one):
            _, oid, rest = _element(pair)
            if oid == kind:
                yield _printable(_element(rest)[1])


def _alternatives(rest: bytes) -> Iterator[str]:
    """The DNS names and addresses among what follows the subject."""
    for tag, content in _elements(rest):
        if tag != _EXTENSIONS:
            continue
        for _, extension in _elements(_element(content)[1]):
            parts = list(_elements(extension))
            if parts[0] != (_OID, _ALTERNATIVE_NAMES):
                continue
            for kind, value in _elements(_element(parts[-1][1])[1]):
                if kind == _DNS_NAME:
                    yield _printable(value)
                elif kind == _IP_ADDRESS:
                    yield str(ipaddress.ip_address(value))


def _printable(value: bytes) -> str:
    text = value.decode("utf-8", "replace")[:_LONGEST_NAME]
    return "".join(c if c.isprintable() else "?" for c in text)


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    while der:
        tag, content, der = _element(der)
        yield tag, content


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Split off one element: tag, content, and what follows it (X.690 §8.1)."""
    size, start = der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start], "big")
    return der[0], der[start : start + size], der[start + size :]
