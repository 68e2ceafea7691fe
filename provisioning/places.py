"""Where things lie: on a card, on a device, and on the installer's laptop."""

from pathlib import Path

# On the card's first partition (FAT), which any laptop can read and write.
SEED_FOLDER = "haetae"
SEED_FILE = "seed.toml"
FIRST_BOOT = "first-boot.json"  # what came of the last start; in RUN, too
BOOT = Path("/boot/firmware")

# On the device; all of it on the data partition, the rest of the card is never written.
CONFIGURATION = Path("/etc/haetae")
IDENTITY = CONFIGURATION / "identity"
KEY, CERTIFICATE, ANCHORS = "device.key", "device.pem", "ca.pem"  # in IDENTITY
DEVICE_TOML = "device.toml"  # in CONFIGURATION: which profile, with its place and its hub
TAKEN_SEED = "seed.toml"  # in CONFIGURATION: without the claim code once that is used
CONTACTS = "contacts.json"  # in CONFIGURATION
COMMISSIONED = "commissioning.jws"  # in CONFIGURATION: there once the device is commissioned
SETUP_REQUEST = "setup-requested"  # in the agent's run directory: the button was held for 5 s
SETUP_USED = "setup-used"  # in RUN: when the setup page was last used, in monotonic seconds
STATE = Path("/var/lib/haetae")
RUN = Path("/run/haetae")

# Updates (docs/updates.md): what is fetched belongs to an own user, what is installed to root.
UPDATES = Path("/var/lib/haetae-update")  # catalogue, downloads, the floor of versions
INSTALLED = Path("/var/lib/haetae-app")  # trees that stand over the shipped packages
APPLICATION_RUN = Path("/run/haetae-app")  # root's: what the agent runs from (PYTHONPATH)
UPDATE_RUN = Path("/run/haetae-update")  # requests to root, and the report
INSTALL_REQUEST = "install-wanted.json"  # in UPDATE_RUN: something was fetched
UPDATE_REPORT = "report.json"  # in UPDATES and UPDATE_RUN: what became of the last update
RELEASE_ROOTS = Path("/usr/lib/haetae/release-roots.pem")  # who may sign; newer ones in UPDATES
VERSION_FILE = Path("/usr/lib/haetae/version.json")  # of the system: version, board, suite, commit
BOOT_FILES = Path("/usr/lib/haetae/boot")  # of each root: what its slot starts by
SLOTS = Path("/data/slots")  # root's own: what became of the slots, and the trial of one
SLOTS_RUN = Path("/run/haetae-slots")  # the keyring that RAUC is given; the other root, mounted
ON_TRIAL = Path("/run/haetae-trial")  # the first RAM disk's: this start is the only one
# Recovery (docs/recovery.md): why the device starts anew.
RECOVERY = Path("/var/lib/haetae-recovery")  # root's: the reboot ledger and what it has counted
REBOOT_REQUEST = "reboot-wanted.json"  # in RUN: asked for by the agent, granted by root's budget
