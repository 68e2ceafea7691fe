"""What docs/hub.md tells whoever sets up a hub is what makes one."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from paho.mqtt import publish
from paho.mqtt.enums import MQTTProtocolVersion

from agent.config import load
from hw_mocks.broker import free_port
from provisioning.gateway.__main__ import main
from tests.brokers import MOSQUITTO
from tests.running import REPOSITORY

PAGE = (REPOSITORY / "docs/hub.md").read_text("utf-8")


def test_the_commands_of_the_page_make_a_hub_a_gateway_and_a_device(tmp_path: Path) -> None:
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    port, web = free_port(), free_port()
    script = script.replace("/8883/", f"/{port}/").replace("/8884/", f"/{web}/")
    environment = os.environ | {"H": str(REPOSITORY)}
    bash = shutil.which("bash") or "bash"
    made = subprocess.run(
        [bash, "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment,
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert main(["--config", str(tmp_path / "gateway.toml"), "check"]) == 0
    assert load(tmp_path / "device.toml").device.id == "stall-17"
    assert "${" not in (tmp_path / "mosquitto.conf").read_text()
    listen(tmp_path, port)


def listen(folder: Path, port: int) -> None:
    """The broker starts from the files as they are, and takes a device's certificate."""
    config = folder / "mosquitto.conf"
    if os.geteuid() == 0:
        config.write_text(config.read_text() + "user root\n")  # else it could not read the folder
    process = subprocess.Popen(
        [MOSQUITTO, "-v", "-c", str(config)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        assert any(" running" in line for line in process.stderr)
        publish.single(
            "haetae/v1/alley-3/stall-17/state", "{}", qos=1, hostname="localhost", port=port,
            tls={"ca_certs": str(folder / "ca.pem"), "certfile": str(folder / "stall-17.pem"),
                 "keyfile": str(folder / "stall-17.key")},
            protocol=MQTTProtocolVersion.MQTTv5,
        )  # fmt: skip
    finally:
        process.kill()
        process.communicate()
