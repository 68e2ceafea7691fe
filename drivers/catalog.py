"""The one list of drivers: what `driver = "..."` in a `[[sensors]]` table may say."""

from drivers.button import ButtonConfig
from drivers.co_cell import CoCellConfig
from drivers.dht11 import Dht11Config
from drivers.dht22 import Dht22Config
from drivers.door import DoorConfig
from drivers.ds18b20 import Ds18b20Config
from drivers.mcp3008 import Mcp3008Config
from drivers.mq2 import Mq2Config
from drivers.pir import PirConfig
from drivers.pmsa003i import Pmsa003iConfig
from drivers.smoke_relay import SmokeRelayConfig

AnySensor = (
    ButtonConfig
    | CoCellConfig
    | Dht11Config
    | Dht22Config
    | DoorConfig
    | Ds18b20Config
    | Mcp3008Config
    | Mq2Config
    | PirConfig
    | Pmsa003iConfig
    | SmokeRelayConfig
)
