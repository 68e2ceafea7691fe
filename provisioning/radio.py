"""What wpa_supplicant reads: the stall's wireless network, and the device's own for a phone.

Names go in as hexadecimal and keys as derived, so nothing in a seed can be more than a value.
"""

from collections.abc import Mapping

from provisioning.seed import Setup, Wifi

CLIENT, ACCESS_POINT = "client.conf", "access-point.conf"
_CHANNEL_6_MHZ = 2437  # where the radio is in no other network; allowed everywhere
_CLIENT = """\
ctrl_interface=/run/wpa_supplicant
country={country}
network={{
\tssid={ssid}
\tscan_ssid=1
\tkey_mgmt=WPA-PSK WPA-PSK-SHA256
\tieee80211w=1
\tpsk={psk}
}}
"""
_ACCESS_POINT = """\
ctrl_interface=/run/wpa_supplicant
country={country}
network={{
\tssid={ssid}
\tmode=2
\tfrequency={frequency}
\tkey_mgmt=WPA-PSK
\tproto=RSN
\tpairwise=CCMP
\tpsk={psk}
}}
"""


def files(setup: Setup, wifi: Wifi | None) -> Mapping[str, str | None]:
    """The two files by name; None for one that must not be there."""
    country = wifi.country if wifi else "KR"
    own = _ACCESS_POINT.format(
        country=country, ssid=setup.ssid.encode().hex(), frequency=_CHANNEL_6_MHZ, psk=setup.psk
    )
    if wifi is None:
        return {CLIENT: None, ACCESS_POINT: own}
    name = wifi.ssid.encode().hex()
    return {CLIENT: _CLIENT.format(country=country, ssid=name, psk=wifi.psk), ACCESS_POINT: own}
