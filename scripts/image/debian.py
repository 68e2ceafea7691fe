"""Debian's part of the image: which packages exactly, and a root made of them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from image.suites import ROOT_PACKAGES, UNPACKED_PACKAGES, Suite
from image.tools import BuildError, keep_only, run, run_arm64, step

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_KEEP = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "force-unsafe-io",
)
# Debian's /usr is merged from the start, so nothing needs the Perl programs that merge it.
_PINNED = "$1/etc/apt/preferences.d/usrmerge"
_PIN = "Package: usrmerge\\nPin: release *\\nPin-Priority: -1\\n"
_HOOKS = (
    f'--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && printf "{_PIN}" >"{_PINNED}"',
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    f'--customize-hook=rm "{_PINNED}"',
)
_FOLDERS = ("state", "cache/archives/partial", "etc/apt/apt.conf.d", "etc/apt/preferences.d")
_APT_CONF = """\
Dir "{folder}";
Dir::State "{folder}/state";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::trusted "{keyring}";
Dir::Etc::trustedparts "/dev/null";
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
"""


@dataclass(frozen=True, slots=True)
class Packages:
    """What Debian offers today: each package as `name=version`, with its file's SHA-256."""

    sources: tuple[str, ...]
    installed: dict[str, str]
    unpacked: dict[str, str]  # on the host, rather than installed in the root

    def digest(self) -> str:
        """The same for the same packages, wherever they came from."""
        lines = sorted([*self.installed.items(), *self.unpacked.items()])
        asked = sorted(ROOT_PACKAGES)
        return hashlib.sha256(json.dumps([lines, asked]).encode()).hexdigest()


class Archive:
    """The suite's archive, asked by the host's apt for arm64, apart from the host's own lists."""

    def __init__(self, suite: Suite, sources: tuple[str, ...], folder: Path) -> None:
        self._suite, self._sources = suite, sources
        self._folder = folder.absolute()
        self._env = {"APT_CONFIG": str(self._folder / "apt.conf")}

    def packages(self) -> Packages:
        """Ask the archive; without a network, what it said last time.

        Raises:
            BuildError: It cannot be reached, and never was.
        """
        self._prepare()
        kept = self._folder / "packages.json"
        try:
            with step("ask Debian which packages there are"):
                run("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update", env=self._env)
        except BuildError as error:
            if not kept.exists():
                raise BuildError(f"no Debian mirror within reach: {error}") from None
            found = json.loads(kept.read_text("utf-8"))
            return Packages(self._sources, found["installed"], found["unpacked"])
        packages = self._resolve()
        kept.write_text(json.dumps(asdict(packages)), "utf-8")
        return packages

    def fetch_unpacked(self, packages: Packages, into: Path) -> list[Path]:
        """The packages that are unpacked on the host, as files; fetched once."""
        into.mkdir(parents=True, exist_ok=True)
        for each in packages.unpacked:
            if not self._file(each, into):
                with step(f"fetch {each}"):
                    script = 'cd "$1" && apt-get -qq download "$2"'
                    run("sh", "-c", script, "sh", into, each, env=self._env)
        return [file for each in packages.unpacked if (file := self._file(each, into))]

    def make_root(self, packages: Packages, tar: Path) -> None:
        """Install the root's packages into a tar file, by the arm64 programs in them."""
        options = [f"--dpkgopt={each}" for each in _KEEP]
        part = tar.with_suffix(".part.tar")
        command: list[str | Path] = [
            "mmdebstrap", "--architectures=arm64", "--variant=essential", f"--keyring={KEYRING}",
            f"--include={','.join(ROOT_PACKAGES)}", '--aptopt=Acquire::Check-Valid-Until "false"',
            *options, *_HOOKS, self._suite.name, part, *packages.sources,
        ]  # fmt: skip
        with step("install Debian's packages (some minutes, once)"):
            run_arm64(command, {"SOURCE_DATE_EPOCH": str(self._suite.released_s)})
        part.replace(tar)
        keep_only(tar, f"root-{self._suite.name}-*")

    def _prepare(self) -> None:
        for name in _FOLDERS:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "etc/apt/preferences.d/usrmerge").write_text(_PIN.replace("\\n", "\n"))
        conf = _APT_CONF.format(folder=self._folder, keyring=KEYRING)
        (self._folder / "apt.conf").write_text(conf, "utf-8")
        (self._folder / "sources.list").write_text("\n".join(self._sources) + "\n", "utf-8")

    def _resolve(self) -> Packages:
        essential = "?and(?essential, ?not(?name(^apt$)))"  # apt counts itself among them
        wanted = (essential, *ROOT_PACKAGES)
        told = run("apt-get", "-qq", "--print-uris", "-y", "install", *wanted, env=self._env)
        files = (line.split()[1] for line in told.splitlines() if line.startswith("'"))
        names = [each.split("_")[:2] for each in files]
        installed = self._digests([f"{name}={version}" for name, version in names])
        unpacked = self._digests([*map(self._newest, UNPACKED_PACKAGES)])
        return Packages(self._sources, installed, unpacked)

    def _newest(self, name: str) -> str:
        """`name=version`; a package that only points to another is followed to that one."""
        record = next(self._records([name]))
        real = record.get("Depends", "").replace(",", " ").split()
        if name.startswith("linux-image-") and real and real[0].startswith("linux-image-"):
            record = next(self._records([real[0]]))
        return f"{record['Package']}={record['Version']}"

    def _digests(self, packages: list[str]) -> dict[str, str]:
        wanted = [each.replace("%3a", ":").replace("%7e", "~") for each in packages]
        records = self._records(wanted)
        return {f"{each['Package']}={each['Version']}": each["SHA256"] for each in records}

    def _records(self, packages: list[str]) -> Iterator[dict[str, str]]:
        told = run("apt-cache", "show", "--no-all-versions", *packages, env=self._env)
        for text in told.strip().split("\n\n"):
            pairs = (line.partition(": ") for line in text.splitlines() if line[:1] != " ")
            yield {key: value for key, _, value in pairs}

    def _file(self, package: str, folder: Path) -> Path | None:
        name, _, version = package.partition("=")
        return next(folder.glob(f"{name}_{version.replace(':', '%3a')}_*.deb"), None)
