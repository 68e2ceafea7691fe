"""What goes into an image, by Debian suite: data, and nothing else."""

from dataclasses import dataclass

MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
COMPONENTS = "main non-free-firmware"

# What the device runs; no apt, no shell login, no ssh: an image is replaced, never patched. No
# ca-certificates: a device trusts its city's roots, and nobody else's.
ROOT_PACKAGES = (
    "alsa-utils",  # the siren's voice
    "bluez",  # tags
    "dbus",
    "e2fsprogs",
    "firmware-brcm80211",
    "iproute2",
    "iw",
    "kmod",
    "libidn2-0",  # without it systemd-resolved 252 answers to no name
    "libportaudio2",  # sounddevice's
    "openssl",  # makes the key in a TPM
    "python3",
    "rauc",  # writes the next version into the other slot
    "rauc-service",
    "systemd-resolved",  # names of the network, and our own by multicast DNS
    "systemd-sysv",
    "systemd-timesyncd",
    "tpm2-openssl",  # the device's key, where there is a TPM
    "tzdata",
    "udev",
    "wireless-regdb",
    "wpasupplicant",
)
# unpacked on the host: their scripts would only do what is done here without emulation
UNPACKED_PACKAGES = ("busybox-static", "linux-image-arm64", "raspi-firmware")


@dataclass(frozen=True, slots=True)
class Suite:
    """A Debian release: the Python it brings, and when it came out (seconds since 1970)."""

    name: str
    python: str
    released_s: int

    def sources(self, mirror: str, security: str) -> tuple[str, ...]:
        """Lines of sources.list: the release, its updates and its security updates."""
        return (
            f"deb {mirror} {self.name} {COMPONENTS}",
            f"deb {mirror} {self.name}-updates {COMPONENTS}",
            f"deb {security} {self.name}-security {COMPONENTS}",
        )


# Debian 13 has no wheel of lgpio for its Python 3.13 yet (docs/image.md).
SUITES = {
    "bookworm": Suite("bookworm", "3.11", 1_686_355_200),
}

# Modules of the kernel that stay, by the folder or file under kernel/; with what they depend on.
MODULES = (
    "arch/arm64/crypto", "crypto", "lib",
    "drivers/block/loop", "drivers/block/virtio_blk", "drivers/block/zram", "drivers/bluetooth",
    "drivers/char/hw_random",
    "drivers/char/tpm", "drivers/clk", "drivers/cpufreq", "drivers/dma", "drivers/gpio",
    "drivers/hwmon/raspberrypi", "drivers/i2c/busses/i2c-bcm", "drivers/i2c/i2c-dev",
    "drivers/i2c/i2c-mux", "drivers/i2c/muxes", "drivers/iio", "drivers/md/dm-mod",
    "drivers/md/dm-verity", "drivers/media/mc", "drivers/media/usb/uvc",
    "drivers/media/v4l2-core", "drivers/mmc", "drivers/net/ethernet/broadcom/genet",
    "drivers/net/mdio", "drivers/net/phy/broadcom", "drivers/net/phy/bcm",
    "drivers/net/phy/microchip", "drivers/net/phy/smsc", "drivers/net/usb",
    "drivers/net/virtio_net", "drivers/net/wireless/broadcom/brcm80211", "drivers/nvmem",
    "drivers/pwm/pwm-bcm", "drivers/reset", "drivers/rtc", "drivers/soc/bcm", "drivers/spi/spi-bcm",
    "drivers/staging/vc04_services", "drivers/thermal/broadcom", "drivers/usb/class/cdc-acm",
    "drivers/usb/core", "drivers/usb/dwc2", "drivers/usb/host", "drivers/usb/phy",
    "drivers/usb/roles", "drivers/usb/serial", "drivers/usb/storage/usb-storage",
    "drivers/virtio", "drivers/w1", "drivers/watchdog/bcm2835_wdt", "drivers/watchdog/softdog",
    "fs/autofs", "fs/ext4", "fs/fat", "fs/nls/nls_ascii", "fs/nls/nls_cp437", "fs/nls/nls_utf8",
    "fs/squashfs", "net/bluetooth", "net/rfkill", "net/wireless", "sound/soc/bcm",
    "sound/soc/codecs/snd-soc-spdif", "sound/usb/snd-usb-audio",
)  # fmt: skip
# In the first RAM disk: what it takes to find and mount the root, on a Pi and under QEMU, and to
# give the next start back to the slot before a trial (FAT); and the board's timer, without which a
# Pi cannot start again at all, be it after a panic or for want of a root.
FIRST_MODULES = (
    "bcm2835_wdt",
    "bcm2835", "sdhci-iproc", "mmc_block", "virtio_mmio", "virtio_pci", "virtio_blk", "squashfs",
    "vfat", "nls_cp437", "nls_ascii",
)  # fmt: skip
# The boards whose device trees go onto the card, as far as the suite's kernel knows them.
BOARDS = ("bcm2837-rpi-", "bcm2711-rpi-", "bcm2712-")
# Units that Debian enables and that a device which is never logged into does not need.
MASKED = (
    "console-getty.service", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer", "getty.target", "getty@.service",
    "serial-getty@.service", "systemd-networkd-wait-online.service",
    "proc-sys-fs-binfmt_misc.automount", "systemd-binfmt.service", "systemd-pcrphase.service",
    "systemd-pcrphase-sysinit.service", "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service", "wpa_supplicant.service", "alsa-restore.service",
    "alsa-state.service",
)  # fmt: skip
