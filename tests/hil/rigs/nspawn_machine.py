"""A booted container: our root under a real systemd, in namespaces of its own, by systemd-nspawn.

One process holds the namespaces (mounts, network) and the data partition, a tmpfs, for as long as
this process lives; whatever becomes of the tests, all of it goes with them. The root is read-only,
as on a card. A container that asks for a reboot is booted again, as a board's firmware does.
"""

import contextlib
import json
import os
import random
import subprocess
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import MappingProxyType

from hw_mocks.child import TooLateError, until
from tests.hil.rigs.rig import CommandError, RigError, RigUnavailableError

REBOOTS = 133  # systemd-nspawn's exit code where the container's init asked for a reboot
MACHINE_ID = "4f1c0f5e6d5b4b0c8c1f6a2b3d4e5f60"
_ENDS_S = 10.0
_KILLED = 137  # the exit code of what `timeout` has ended
_BOOTS_S = 60.0
_DEVICE = "host0"  # the guest's end of the cable
_FIRST, _PAIRS = int(IPv4Address("10.64.0.0")), 1 << 20  # 10.64.0.0/10, by fours
_CGROUPS = Path("/sys/fs/cgroup")
_MEMORY = _CGROUPS / "memory"  # of version 1, where this machine has that
# In the mount and network namespaces of its own: a plain cgroup2, and the data partition.
# What others have mounted from files is let go first: their disks could else not be unmounted.
_HOLDER = """\
set -e
grep -E '^(/dev/loop[0-9]+|[^ ]+ [^ ]+ fuse[^ ]*) ' /proc/self/mounts | cut -d ' ' -f 2 |
  while read -r each; do umount --lazy "$each" 2>/dev/null || true; done
umount -R /sys/fs/cgroup 2>/dev/null || true
mkdir -p /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$NAME"
for each in memory pids cpu; do
  echo "+$each" 2>/dev/null >/sys/fs/cgroup/cgroup.subtree_control || true
done
mount -t tmpfs -o mode=0755,size=512M haetae-data "$DATA"
cp -a "$NEW/." "$DATA/"
ip link set lo up
echo ready
cat >/dev/null
# whoever tested is gone, perhaps killed: a container outlives its systemd-nspawn
echo 1 2>/dev/null >"/sys/fs/cgroup/$NAME/cgroup.kill" || true
"""
_START = """\
if [ -n "$MEMORY" ]; then echo $$ >"$MEMORY/cgroup.procs"; fi
exec nsenter --target "$HOLDER" --mount --net sh -c '
echo $$ >"/sys/fs/cgroup/$NAME/cgroup.procs"
exec setpriv --pdeathsig KILL systemd-nspawn "$@"' sh "$@"
"""
_NSPAWN = (
    "--quiet", "--read-only", "--register=no", "--keep-unit", "--boot", "--console=pipe",
    "--link-journal=no", "--resolv-conf=off", "--timezone=off", "--capability=CAP_NET_ADMIN",
    f"--uuid={MACHINE_ID}",
)  # fmt: skip


class Machine:
    """One container; `root` is made by `nspawn_root`, `folder` is for its files.

    `over` are files of this machine that lie over files of the root, by their paths there.
    `address` is its own, `gateway` this machine's end of the cable. `said` is its console.
    """

    def __init__(
        self, root: Path, folder: Path, over: Mapping[Path, Path] = MappingProxyType({})
    ) -> None:
        self._root, self._over = root, over
        self.name = f"haetae-{os.getpid()}-{random.randrange(1 << 24):06x}"
        self._data, self._log = folder / "data", folder / "console"
        self._holder: subprocess.Popen[str] | None = None
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._watching: threading.Thread | None = None
        self._stack = ExitStack()
        self._is_wanted = False
        self.boots = 0
        self.gateway, self.address = free_addresses()

    def open(self) -> None:
        """Make the namespaces, the cable and the data partition; nothing runs yet.

        Raises:
            RigUnavailableError: This machine does not let it be done; the message says why.
        """
        self._data.mkdir(parents=True)
        self._holder = holder = self._hold()
        self._stack.callback(self._let_go, holder)
        if holder.stdout is None or holder.stdout.readline() != "ready\n":
            why = "" if holder.stderr is None else holder.stderr.read().strip()
            raise RigUnavailableError(f"no namespaces of its own here: {why}")
        self._stack.callback(self._remove_groups)
        self._plug_in(holder.pid)
        if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
            (_MEMORY / self.name).mkdir()

    @property
    def data(self) -> Path:
        """The data partition, from outside."""
        return Path(f"/proc/{self._held().pid}/root{self._data}")

    def limit_memory(self, more_mib: int | None) -> None:
        """Leave all its processes together so much more than they take; None: all there is.

        Raises:
            RigError: This machine cannot limit it.
        """
        for folder, limit, taken in (
            (_MEMORY / self.name, "memory.limit_in_bytes", ("total_rss", "total_shmem")),
            (self._group(), "memory.max", ("anon", "shmem", "kernel")),
        ):
            if not (folder / limit).exists():
                continue
            said = (folder / "memory.stat").read_text("ascii").splitlines()
            found = {name: int(number) for name, number in map(str.split, said)}
            total = sum(found.get(each, 0) for each in taken)
            all_of_it = "max" if limit == "memory.max" else "-1"
            wanted = all_of_it if more_mib is None else str(total + (more_mib << 20))
            (folder / limit).write_text(wanted, "ascii")
            return
        raise RigError("no memory controller for the container here")

    def _group(self) -> Path:
        """Its control group of version 2, from outside."""
        return Path(f"/proc/{self._held().pid}/root") / _CGROUPS.relative_to("/") / self.name

    def said(self) -> str:
        """Its console since it was made."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def boot(self, within_s: float = _BOOTS_S) -> None:
        """Switch it on; return once systemd has started all it starts.

        Raises:
            RigError: It does not come up; the message ends with its console.
        """
        self._is_wanted = True
        self._watching = threading.Thread(target=self._keep_on, name=self.name, daemon=True)
        self._watching.start()
        self.wait_for_boot(1, within_s)

    def wait_for_boot(self, number: int, within_s: float = _BOOTS_S) -> None:
        """Return once the boot of that number is over.

        Raises:
            RigError: It is not within that time; the message ends with its console.
        """
        try:
            until(lambda: self.boots >= number or None, within_s, f"boot {number}")
            until(lambda: self._is_up() or None, within_s, "all is started")
        except TooLateError as error:
            raise RigError(f"{self.name}: {error}\n{self.said()[-3000:]}") from error

    def _is_up(self) -> bool:
        try:
            said = self.run("systemctl is-system-running || :", _BOOTS_S)
        except RigError:
            return False
        return said.strip() in {"running", "degraded"}

    def init(self) -> int | None:
        """Its init process, as this machine numbers it."""
        if (nspawn := self._nspawn) is None:
            return None
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text("ascii")
            for pid in children.split():
                status = Path(f"/proc/{pid}/status").read_text("utf-8")
                numbers = next(li for li in status.splitlines() if li.startswith("NSpid:"))
                is_systemd = Path(f"/proc/{pid}/comm").read_text("utf-8") == "systemd\n"
                if numbers.split()[-1] == "1" and is_systemd:
                    return int(pid)
        return None

    def run(self, command: str, within_s: float = 60, given: bytes = b"") -> str:
        """As `output`, as text."""
        return self.output(command, within_s, given).decode("utf-8", "replace")

    def output(self, command: str, within_s: float = 60, given: bytes = b"") -> bytes:
        """What a shell command of root's prints inside; `given` is its input.

        Raises:
            CommandError: It ended with another code than 0.
            RigError: It did not end in time, or nothing runs.
        """
        if (init := self.init()) is None:
            raise RigError(f"{self.name}: is off")
        enter = ("nsenter", "--target", str(init), "-m", "-u", "-i", "-n", "-p", "-C")
        ended = ("timeout", "--signal=KILL", str(within_s))  # inside, too
        try:
            done = subprocess.run(
                [*enter, "--", *ended, "/bin/sh", "-c", f"cd /; {command}"],
                input=given, capture_output=True, timeout=within_s + _ENDS_S, check=False,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise RigError(f"{command}: not within {within_s:g} s") from error
        if done.returncode == _KILLED:
            raise RigError(f"{command}: not within {within_s:g} s")
        if done.returncode:
            said = (done.stdout + done.stderr).decode("utf-8", "replace")
            raise CommandError(command, done.returncode, said)
        return done.stdout

    def pull_the_plug(self) -> None:
        """End all its processes at once; what they have written is still there."""
        self._is_wanted = False
        if (init := self.init()) is not None:
            os.kill(init, 9)
        if self._nspawn is not None:
            self._nspawn.kill()
        if self._watching is not None:
            self._watching.join(_ENDS_S)
            self._watching = None

    def close(self) -> None:
        """End it all, and leave nothing behind."""
        self.pull_the_plug()
        self._stack.close()

    def _keep_on(self) -> None:
        """Boot, and boot again whenever it asks for it."""
        code: int | None = REBOOTS
        while self._is_wanted and code == REBOOTS:
            self._nspawn = self._start()
            self.boots += 1
            code = self._nspawn.wait()
            self._nspawn = None

    def _start(self) -> subprocess.Popen[bytes]:
        memory = _MEMORY / self.name
        given = {
            "NAME": self.name,
            "HOLDER": str(self._held().pid),
            "MEMORY": str(memory) if memory.is_dir() else "",
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
        }
        with self._log.open("ab") as log:
            # it is killed when the thread that starts it ends: the one that waits for it
            return subprocess.Popen(
                [
                    "sh", "-c", _START, "sh", *_NSPAWN, f"--machine={self.name}",
                    f"--directory={self._root / 'tree'}", f"--bind={self._data}:/data",
                    *(f"--bind-ro={file}:{place}" for place, file in self._over.items()),
                    f"--network-namespace-path=/proc/{self._held().pid}/ns/net",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | given,
            )  # fmt: skip

    def _held(self) -> subprocess.Popen[str]:
        if self._holder is None:
            raise RigError(f"{self.name}: is not open")
        return self._holder

    def _hold(self) -> subprocess.Popen[str]:
        """The process that keeps the namespaces until its input ends: at the latest with us."""
        given = {"NAME": self.name, "DATA": str(self._data), "NEW": str(self._root / "data")}
        return subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", _HOLDER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | given,
        )  # fmt: skip

    @staticmethod
    def _let_go(holder: subprocess.Popen[str]) -> None:
        holder.communicate(timeout=_ENDS_S)

    def _remove_groups(self) -> None:
        """The kernel keeps control groups until somebody removes them, inner ones first."""
        for top in (self._group(), _MEMORY / self.name):
            with contextlib.suppress(TooLateError):
                until(lambda top=top: _is_removed(top) or None, _ENDS_S, "its last process ends")  # type: ignore[misc]  # bound now

    def _plug_in(self, holder: int) -> None:
        """A cable between this machine and the container, and nothing beside it."""
        ours = f"hil{self.name[-6:]}"
        self._stack.callback(_run_quietly, "ip", "link", "delete", ours)
        inside = ("nsenter", "--target", str(holder), "--net")
        for words in (
            ("ip", "link", "add", ours, "type", "veth", "peer", _DEVICE, "netns", str(holder)),
            ("ip", "address", "add", f"{self.gateway}/30", "dev", ours),
            ("ip", "link", "set", ours, "up"),
            (*inside, "ip", "address", "add", f"{self.address}/30", "dev", _DEVICE),
            (*inside, "ip", "link", "set", _DEVICE, "up"),
        ):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RigUnavailableError(f"no cable: {' '.join(words)}: {done.stderr.strip()}")


def _run_quietly(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=False)


def _is_removed(top: Path) -> bool:
    for folder, _, _ in os.walk(top, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not top.exists()


def free_addresses() -> tuple[str, str]:
    """Two addresses of a network of their own, to which no route of this machine leads yet."""
    told = subprocess.run(
        ["ip", "-4", "-json", "route", "show", "table", "all"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    taken = [IPv4Network(each["dst"]) for each in json.loads(told) if each["dst"] != "default"]
    while True:
        network = IPv4Network((_FIRST + 4 * random.randrange(_PAIRS), 30))
        if not any(network.overlaps(each) for each in taken):
            ours, theirs = network.hosts()
            return str(ours), str(theirs)
