"""What a driver's file says of its part: one row of the page of sensors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """The maker's figures unless a source is named; the page of sensors is made from these.

    `price`: € below 5, €€ below 20, €€€ above. `wiring`: how it hangs on the header. `limits`: what
    it cannot do and how it fails. `library`: whose code speaks to it. `source`: data sheet, issue.
    """

    part: str
    purpose: str
    range: str
    accuracy: str
    rate: str
    warm_up: str
    price: str
    wiring: str
    limits: str
    library: str
    source: str
