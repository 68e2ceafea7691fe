"""A city with its authority at work on loopback, and devices that enrol there."""

import base64
import contextlib
import shutil
import string
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from agent.values import Why
from agent.wallclock import WallTime, wall_time
from provisioning.ca import keys, profiles
from provisioning.ca.doors import Answered, Asked, Door
from provisioning.ca.issuer import Issuer, Terms, Wanted
from provisioning.ca.registry import Registry
from provisioning.ca.serving import Authority, plain_pem
from provisioning.ca.settings import Settings
from provisioning.enroll import Enroller
from provisioning.enrolment_state import Enrolment, read
from provisioning.identity import Identity
from provisioning.office import ClaimRecord, Office, claim_digest
from provisioning.places import TAKEN_SEED
from provisioning.seed import (
    CLAIM_CODE_LENGTH,
    Claim,
    Seed,
    SeedHub,
    new_code,
    read_seed,
    seed_text,
    setup_for,
)
from provisioning.seed import Authority as SeedAuthority
from tests.brokers import HUB_FILES, Mosquitto

SITE, DEVICE = "alley-3", "stall-17"
DAY = timedelta(days=1)
YEAR = 365 * DAY
CURVE = ec.SECP256R1()
SETUP = setup_for("0" * 12, DEVICE)  # costs 50 ms, and is none of our business


class City:
    """Root, issuer and both doors; `ahead` is how far the city's clock has run ahead of ours."""

    def __init__(self, folder: Path, *, name: str = "city", terms: Terms | None = None) -> None:
        self.folder, self.name, self.ahead = folder, name, timedelta()
        folder.mkdir(parents=True)
        self.root_key = ec.generate_private_key(CURVE)
        self.root = keys.new_root(f"{name} root", self.root_key)
        self._terms = terms
        self.crossed: tuple[Any, ...] = ()
        self.roots = [self.root]
        self.following: Any = None
        self.new_issuer()
        self._operators = 0

    def new_issuer(self) -> None:
        """Let the root sign another issuer."""
        self.issuer_key = ec.generate_private_key(CURVE)
        request = keys.issuer_request(f"{self.name} issuer", self.issuer_key)
        self.issuer_certificate = keys.sign_issuer(request, self.root, self.root_key)

    def now(self) -> datetime:
        return profiles.now() + self.ahead

    @contextlib.contextmanager
    def open(self) -> Iterator[Self]:
        """Serve, on ports that are free."""
        (self.folder / "roots.pem").write_bytes(keys.pem(*self.roots))
        (self.folder / "crossed.pem").write_bytes(keys.pem(*self.crossed))
        (self.folder / "issuer.pem").write_bytes(keys.pem(self.issuer_certificate))
        settings = Settings(
            roots=str(self.folder / "roots.pem"),
            crossed=str(self.folder / "crossed.pem") if self.crossed else "",
            passphrase_file="",
            registry=str(self.folder / "registry.sqlite"),
            crl=str(self.folder / "crl.pem"),
            address="127.0.0.1",
            port=0,
            office_port=0,
            hosts=["localhost"],
        )
        registry = Registry(Path(settings.registry))
        self.issuer = Issuer(
            registry, self.issuer_certificate, self.issuer_key, self._terms, clock=self.now
        )
        self.authority = Authority(settings, self.issuer)
        with self.authority.open():
            yield self

    @property
    def url(self) -> str:
        return f"https://localhost:{self.authority.device_port}"

    @property
    def anchors(self) -> str:
        return keys.pem(self.root).decode()

    def claim(self, device: str = DEVICE, *, lasts: timedelta = 30 * DAY) -> Claim:
        """A claim that the authority knows."""
        claim = self.unknown_claim(lasts=lasts)
        record = ClaimRecord(
            sha256=claim_digest(claim.code), device=device, site=SITE, expires=claim.expires
        )
        with self.issuer.registry.transaction() as ledgers:
            ledgers.register([record], "test", self.now().timestamp())
        return claim

    def unknown_claim(self, *, lasts: timedelta = 30 * DAY) -> Claim:
        return Claim(code=new_code(CLAIM_CODE_LENGTH), expires=self.now() + lasts)

    def pair(self, name: str, role: Any = "service", hosts: tuple[str, ...] = ()) -> Any:
        """Certificate and key files of somebody who is no device."""
        key = ec.generate_private_key(CURVE)
        issued = self.issuer.issue(Wanted(name, key.public_key(), role, hosts=hosts))
        own = x509.load_der_x509_certificate(issued.der)
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(keys.pem(own, self.issuer_certificate))
        private.write_bytes(plain_pem(key))
        return certificate, private

    def office(self, name: str = "kim") -> Office:
        """An operator at the office's door."""
        url = f"https://localhost:{self.authority.office_port}"
        return Office(url, self.folder / "roots.pem", *self.pair(name, "operator"))

    @contextlib.contextmanager
    def impostor(self, answer: Callable[[Asked], Answered]) -> Iterator[str]:
        """A server with this city's certificate that answers as it likes; its address."""
        context = self.authority._contexts()[0]
        door = Door(("127.0.0.1", 0), context, answer, longest_body=1 << 20, clock=self.now)
        serving = threading.Thread(target=door.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield f"https://localhost:{door.port}"
        finally:
            door.shutdown()
            door.server_close()
            serving.join()

    def broker(self, folder: Path, *, crl: bool = False) -> Mosquitto:
        """The hub's broker under this city's roots; the listener's certificate is its own."""
        found = Mosquitto(folder)
        with (folder / "ca.pem").open("ab") as file:
            file.write(keys.pem(self.root, self.issuer_certificate))
        certificate, key = self.pair("server", hosts=("localhost",))
        shutil.copy(certificate, folder / "server.pem")
        shutil.copy(key, folder / "server.key")
        if crl:
            self.hand_over_crl(found, folder)
            lines = (HUB_FILES / "mosquitto-authority.conf").read_text("utf-8")
            with (folder / "mosquitto.conf").open("a") as file:
                file.write(string.Template(lines).substitute(folder=folder))
        return found

    def hand_over_crl(self, broker: Mosquitto, folder: Path) -> None:
        """What `after_crl` does: the list lies where the broker reads it."""
        own = broker.authority.revoke().read_bytes()
        (folder / "crl.pem").write_bytes(own + (self.folder / "crl.pem").read_bytes())


class Stall:
    """A device with its folders and its own idea of the time."""

    def __init__(
        self, folder: Path, city: City, claim: Claim | None, *, name: str = DEVICE
    ) -> None:
        self.configuration, self.run, self.state = folder / "etc", folder / "run", folder / "state"
        self.configuration.mkdir(parents=True, exist_ok=True)
        self.name, self.ahead, self.source = name, timedelta(), "ntp"
        self.waits: list[float] = []
        self.first_claim = claim
        self.seed = Seed(
            device=name,
            site=SITE,
            place=Why("골목", "alley"),
            profile="market-stall",
            authority=SeedAuthority(url=city.url, anchors=city.anchors),
            claim=claim,
            setup=SETUP,
            hub=SeedHub(host="localhost"),
        )
        self.write_seed()

    def write_seed(self, **changes: Any) -> None:
        self.seed = msgspec.structs.replace(self.seed, **changes)
        (self.configuration / TAKEN_SEED).write_text(seed_text(self.seed), "utf-8")

    def at(self, city: City) -> None:
        """The authority has another port after a restart."""
        self.ask(city.url)

    def ask(self, url: str) -> None:
        """Ask the authority at that address from now on."""
        authority = SeedAuthority(url=url, anchors=self.seed.authority.anchors)
        claim = read_seed(self.configuration / TAKEN_SEED).claim
        self.write_seed(authority=authority, claim=claim)

    def wall(self) -> WallTime:
        now = (profiles.now() + self.ahead).timestamp()
        return wall_time(now, 0.01 if self.source == "ntp" else None, self.source)

    def enroller(self, wait: Any = None) -> Enroller:
        return Enroller(
            self.configuration,
            self.run,
            state=self.state,
            tpm=self.configuration / "no-tpm",
            wall=self.wall,
            wait=self.waits.append if wait is None else wait,
            jitter=lambda: 0.5,
        )

    def enrol(self) -> int:
        """Try once, and give the exit code."""
        return self.enroller().run(once=True)

    def copy_to(self, folder: Path) -> None:
        """What a thief has who copies the card."""
        shutil.copytree(self.configuration, folder / "etc", symlinks=True)

    @property
    def told(self) -> Enrolment:
        found = read(self.run)
        assert found is not None
        return found

    @property
    def identity(self) -> Identity:
        return Identity(self.configuration / "identity")

    @property
    def files(self) -> tuple[Path, Path]:
        """Certificate and key as the agent has them."""
        identity = self.configuration / "identity"
        return identity / "device.pem", identity / "device.key"

    @property
    def serial(self) -> int:
        current = self.identity.current
        assert current is not None
        return current.leaf().serial_number


def basic(device: str, code: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    text = base64.b64encode(f"{device}:{code}".encode()).decode()
    return {"Authorization": f"Basic {text}", "Content-Type": "application/pkcs10"}
