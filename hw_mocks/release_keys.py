"""Release keys for tests and rehearsals: a root and signers of it, made on the spot."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.ca import keys as authority
from provisioning.update.keys import SIGNER_LASTS, issue
from provisioning.update.signing import Signer


class ReleaseKeys:
    """A release root in `folder`: `roots` is its file, as a device has it."""

    def __init__(self, folder: Path, name: str = "test release root") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.roots = folder, folder / "release-roots.pem"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = authority.new_root(name, self.key)
        self.roots.write_bytes(authority.pem(self.root))

    def signer(
        self,
        name: str = "test signer",
        *,
        at: datetime | None = None,
        lasts: timedelta = SIGNER_LASTS,
    ) -> Signer:
        """A signer of this root whose certificate begins at `at`, an hour ago if not given."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1) if at is None else at
        request = authority.issuer_request(name, key)
        return Signer(issue(request, self.root, self.key, at=begins, lasts=lasts), key)

    def files(self, signer: Signer) -> tuple[Path, Path]:
        """The signer's certificate and its key without a passphrase, as files for RAUC."""
        certificate, key = self.folder / "signer.pem", self.folder / "signer.key"
        certificate.write_bytes(authority.pem(signer.certificate))
        key.write_bytes(
            signer.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        key.chmod(0o600)
        return certificate, key
