"""The one list of drivers: what `driver = "..."` in a `[[sensors]]` table may say."""

from drivers.button import ButtonConfig
from drivers.door import DoorConfig
from drivers.pir import PirConfig
from drivers.smoke_relay import SmokeRelayConfig

AnySensor = ButtonConfig | DoorConfig | PirConfig | SmokeRelayConfig
