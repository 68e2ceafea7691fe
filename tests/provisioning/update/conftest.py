"""A server of releases, and a device that it knows."""

import ssl
from collections.abc import Iterator

import pytest

from hw_mocks.authority import Authority
from hw_mocks.release_server import ReleaseServer, Trouble
from tests.provisioning.update.downloads import CONTENT


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[ReleaseServer]:
    server = ReleaseServer(authority)
    yield server
    server.close()


@pytest.fixture(scope="module")
def https(running: ReleaseServer) -> ssl.SSLContext:
    return running.client()


@pytest.fixture
def server(running: ReleaseServer) -> ReleaseServer:
    running.trouble, running.asked = Trouble(), []
    running.files = {"/app.haetae": CONTENT}
    return running
