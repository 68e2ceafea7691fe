"""A device in quarantine: its certificate opens a place of its own at the hub, and nothing else.

The authority gives such a certificate to a device that comes back long after its own has ended, or
that there seem to be two of; its common name is `quarantine_` and the device's id. The broker gives
every common name its own topics, and no device's id has an underscore: so whatever is heard on
`haetae/v1/{site}/quarantine_{id}/` is a quarantined device's, and nothing else can be.
"""

import ssl
from pathlib import Path

from agent.x509 import read_certificate

MARK = "quarantine_"


def name_at_hub(device: str, certificate: Path) -> str:
    """What the hub calls a device: its id, or the quarantined form if its certificate says so.

    A certificate that cannot be read makes no difference: the dial will say what is wrong.
    """
    try:
        text = certificate.read_text("ascii")
        first = text[text.index(ssl.PEM_HEADER) :]
        first = first[: first.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]
        subject = read_certificate(ssl.PEM_cert_to_DER_cert(first)).subject
    except (OSError, ValueError, IndexError):
        return device
    return subject if subject == MARK + device else device
