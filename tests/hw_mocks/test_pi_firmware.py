"""The stand-in for the Pi's firmware: which settings hold."""

from hypothesis import given
from hypothesis import strategies as st

from hw_mocks import pi_firmware

CONFIG = """\
# a comment
os_prefix=a/
kernel=vmlinuz
initramfs initrd.img followkernel
[pi4]
arm_boost=1
[none]
os_prefix=c/
[all]
enable_uart=1  # the console
[pi3]
audio=off
"""


def test_sections_hold_for_the_boards_that_they_name() -> None:
    found = pi_firmware.read_config(CONFIG, ("pi3",))
    assert found == {
        "os_prefix": "a/", "kernel": "vmlinuz", "initramfs": "initrd.img followkernel",
        "enable_uart": "1", "audio": "off",
    }  # fmt: skip
    assert pi_firmware.read_config(CONFIG, ("pi4",))["arm_boost"] == "1"
    assert "audio" not in pi_firmware.read_config(CONFIG)


@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    pi_firmware.read_config(text, ("pi3",))
