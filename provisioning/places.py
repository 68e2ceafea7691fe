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
STATE = Path("/var/lib/haetae")
RUN = Path("/run/haetae")
