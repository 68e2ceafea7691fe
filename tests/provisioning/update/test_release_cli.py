"""A maintainer makes keys, bundles and a catalogue by one command, and a device takes them."""

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hw_mocks.authority import Authority
from hw_mocks.release_server import ReleaseServer
from provisioning.update import download
from provisioning.update.building import LOCK, digest, take
from provisioning.update.bundle import opened
from provisioning.update.catalogue import FILE, address, read_catalogue
from provisioning.update.manifest import ROOTS_FILE
from provisioning.update.release_cli import main
from provisioning.update.rollout import Facts, choose
from provisioning.update.signing import Moment, read_roots
from provisioning.update.system_signer import check_system_signer
from tests.provisioning.update.releases import refusal

SETUP = """[metadata]
name = haetae
version = 0.3.0
[options]
packages = agent, models
[options.package_data]
models = manifest.toml, weights/*
"""
FILES = {
    "setup.cfg": SETUP,
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
    'build-backend = "setuptools.build_meta"\n',
    "agent/__init__.py": '__version__ = "0.3.0"\n',
    "models/__init__.py": "",
    "models/manifest.toml": "",
    "models/weights/fall.tflite": "weights",
    "models/cards/fall.md": "# Fall\n",
    "provisioning/limits.toml": "",
    "provisioning/profiles/market-stall.toml": "",
    str(LOCK): "msgspec==0.22.0\n",
}


BEFORE = Moment(datetime(2026, 1, 1, tzinfo=UTC), is_known=False)  # all that a device knows


LATER = Moment(datetime(2027, 1, 1, tzinfo=UTC), is_known=True)
FAR = Moment(datetime(2199, 1, 1, tzinfo=UTC), is_known=True)


class Office:
    """A maintainer's desk: keys, a checkout, and the folder that is served."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "secret"
        self.secret.write_text("twelve letters and more\n")
        self.roots, self.public = folder / "root" / ROOTS_FILE, folder / "public"

    def make_keys(self) -> None:
        self.does("root", "--folder", self.folder / "root")
        self.does("signer", "--folder", self.folder / "signer")
        request = self.folder / "signer/signer.csr"
        self.does("signer", "--folder", self.folder / "root", "--sign", request)

    def make_checkout(self) -> Path:
        checkout = self.folder / "checkout"
        for path, text in FILES.items():
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_text(text)
        git = ("git", "-C", str(checkout), "-c", "user.name=x", "-c", "user.email=x@example.org")
        for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
            subprocess.run([*git, *words], check=True)
        return checkout

    def run(self, *words: object) -> int:
        return main([*map(str, words), "--passphrase-file", str(self.secret)])

    def does(self, *words: object) -> None:
        assert self.run(*words) == 0

    def makes(self, word: str, *words: object) -> Path:
        """The bundle that a word makes."""
        out = self.folder / f"out-{len(list(self.folder.iterdir()))}"
        self.does(word, "--signer", self.folder / "signer", "--out", out, *words)
        return next(out.iterdir())

    def publishes(self, *words: object) -> None:
        self.does("publish", "--signer", self.folder / "signer", "--folder", self.public, *words)

    def offers(self, *words: object) -> int:
        signer = self.folder / "signer"
        return self.run("catalogue", "--signer", signer, "--folder", self.public, *words)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.make_keys()
    return made


def test_a_release_goes_from_a_commit_to_a_device(office: Office, tmp_path: Path) -> None:
    checkout = office.make_checkout()
    made = office.makes("application", "--checkout", checkout)
    (checkout / "agent/__init__.py").write_text("changed, and not committed")
    again = office.makes("application", "--checkout", checkout)
    assert made.read_bytes() == again.read_bytes()
    office.publishes("--percent", "100", made)
    server = ReleaseServer(Authority(tmp_path / "authority"))
    try:
        server.serve(office.public)
        https, base = server.client(), f"{server.url}/{FILE}"
        text = download.fetch_text(base, https, most_bytes=1 << 20)
        offered = read_catalogue(text, read_roots([office.roots]), BEFORE)
        facts = Facts("stall-17", "haetae-arm64-rpi", "market-stall", digest(checkout / LOCK))
        release = choose(offered, facts, BEFORE)
        assert release is not None
        assert release.name == "application 0.3.0"
        url = address(release, base)
        found = download.fetch(release, tmp_path / "device", https, url=url, reserve_bytes=0)
    finally:
        server.close()
    opened(found, [office.roots]).unpack(tmp_path / "tree")
    assert (tmp_path / "tree/agent/__init__.py").read_text() == FILES["agent/__init__.py"]
    assert (tmp_path / "tree/models/weights/fall.tflite").is_file()
    assert (tmp_path / "tree/haetae-0.3.0.dist-info/METADATA").is_file()


def test_models_and_rules_go_alone_and_name_what_they_need(office: Office, tmp_path: Path) -> None:
    checkout = office.make_checkout()
    commit = take(checkout, tmp_path / "source").commit
    expected = {
        "models": ["models/cards/fall.md", "models/manifest.toml", "models/weights/fall.tflite"],
        "rules": ["provisioning/limits.toml", "provisioning/profiles/market-stall.toml"],
    }
    for kind, paths in expected.items():
        made = office.makes(kind, "--checkout", checkout, "--version", "2026.11.1")
        manifest = opened(made, [office.roots]).manifest
        assert [each.path for each in manifest.files] == paths
        assert manifest.needs == {"application": "0.3.0"}
        assert (manifest.commit, manifest.lock) == (commit, "")


def test_a_share_grows_and_a_release_is_taken_back(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    made = office.makes("keys", "--version", "1.0", "--roots", office.roots)
    office.publishes("--percent", "1", "--profile", "market-stall", made)
    office.publishes("--percent", "50", "--profile", "daycare-air", made)
    roots = read_roots([office.roots])

    def shares() -> dict[tuple[str, ...], float]:
        found = read_catalogue((office.public / FILE).read_bytes(), roots, BEFORE)
        serials.append(found.serial)
        return {each.profiles: each.percent for each in found.releases}

    serials: list[int] = []
    assert shares() == {("market-stall",): 1.0, ("daycare-air",): 50.0}
    words = ("--percent", "keys", "1.0", "20", "--profile", "market-stall")
    assert office.offers(*words) == 0
    assert shares() == {("market-stall",): 20.0, ("daycare-air",): 50.0}
    assert office.offers("--percent", "keys", "1.0", "0") == 0
    assert shares() == {("market-stall",): 0.0, ("daycare-air",): 0.0}
    assert office.offers("--renew") == 0
    assert shares() == {("market-stall",): 0.0, ("daycare-air",): 0.0}
    assert office.offers("--remove", "keys", "1.0") == 0
    assert shares() == {}
    assert serials == sorted(set(serials))
    assert office.offers("--remove", "keys", "1.0") == 78
    assert office.offers("--percent", "keys", "1.0", "many") == 78
    assert "release-files" in capsys.readouterr().err


def test_one_version_is_one_file(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    first = office.makes("keys", "--version", "1.0", "--roots", office.roots)
    office.publishes("--percent", "1", first)
    other = office.makes(
        "keys", "--version", "1.0", "--roots", office.roots, "--needs", "application=0.1"
    )
    words = ("--signer", office.folder / "signer", "--folder", office.public, "--percent", "1")
    assert office.run("publish", *words, other) == 78
    assert "another version" in capsys.readouterr().err


def test_what_a_device_would_refuse_is_not_published(office: Office) -> None:
    made = office.makes("keys", "--version", "1.0", "--roots", office.roots)
    made.write_bytes(made.read_bytes()[:-1])
    words = ("--signer", office.folder / "signer", "--folder", office.public, "--percent", "1")
    assert office.run("publish", *words, made) == 78
    assert not (office.public / FILE).exists()


def test_roots_follow_one_another_and_a_signer_is_withdrawn(office: Office) -> None:
    next_root = office.folder / "next"
    words = ("--follows", office.folder / "root", "--old-passphrase-file", office.secret)
    office.does("root", "--folder", next_root, "--name", "the next", *words)
    both, vouchers = next_root / ROOTS_FILE, next_root / "crossed.pem"
    made = office.makes("keys", "--version", "2.0", "--roots", both, "--vouchers", vouchers)
    found = opened(made, [office.roots])
    assert found.manifest.kind == "keys"
    found.unpack(office.folder / "taken")
    taken = office.folder / "taken" / ROOTS_FILE
    assert len(read_roots([taken])) == 2
    application = office.makes("application", "--checkout", office.make_checkout())
    opened(application, [taken])
    office.does("withdraw", "--folder", office.folder / "root", office.folder / "signer/signer.pem")
    assert read_roots([office.roots]) == read_roots([taken])[:1]
    words = ("show", application, "--roots", office.roots)
    assert main([str(each) for each in words]) == 78


def test_keys_are_kept_encrypted_and_never_overwritten(office: Office) -> None:
    for key in (office.folder / "root/root.key", office.folder / "signer/signer.key"):
        assert b"ENCRYPTED" in key.read_bytes()
        assert key.stat().st_mode & 0o777 == 0o600
    assert office.run("root", "--folder", office.folder / "root") == 78
    assert office.run("signer", "--folder", office.folder / "signer") == 78


@pytest.mark.skipif(shutil.which("rauc") is None, reason="no rauc here")
def test_a_system_bundle_is_signed_by_the_same_signer(office: Office) -> None:
    """RAUC itself holds it against the same roots, by the purpose that the certificate has."""
    folder = office.folder / "system"
    folder.mkdir()
    (folder / "root.img").write_bytes(hashlib.shake_256(b"a root").digest(65_536))
    (folder / "manifest.raucm").write_text(
        "[update]\ncompatible=haetae-arm64-rpi\nversion=1.1\n"
        "[bundle]\nformat=verity\n[image.rootfs]\nfilename=root.img\n"
    )
    made = office.folder / "system.raucb"
    office.does("system", "--signer", office.folder / "signer", folder, "--out", made)
    office.publishes("--percent", "5", made)
    text = (office.public / FILE).read_bytes()
    (release,) = read_catalogue(text, read_roots([office.roots]), BEFORE).releases
    assert (release.name, release.boards) == ("system 1.1", ("haetae-arm64-rpi",))
    assert (office.public / release.url).read_bytes() == made.read_bytes()
    check_system_signer(made, office.roots, LATER)
    assert refusal(lambda: check_system_signer(made, office.roots, FAR)) == "signer-expired"
    (office.folder / "stranger").mkdir()
    stranger = Office(office.folder / "stranger")
    stranger.make_keys()
    words = ("--signer", stranger.folder / "signer", "--folder", office.public, "--percent", "1")
    assert stranger.run("publish", *words, made) == 78
    office.does("withdraw", "--folder", office.folder / "root", office.folder / "signer/signer.pem")
    code = refusal(lambda: check_system_signer(made, office.roots))
    assert code == "release-untrusted"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["bake"],
        ["publish", "--percent", "101"],
        ["models", "--version", "newest"],
        ["application", "--needs", "application"],
    ],
)
def test_what_is_not_understood_is_a_mistake_in_use(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 64
