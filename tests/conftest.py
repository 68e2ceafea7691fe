"""No test touches real hardware: simulated wires go under Blinka before anything imports it."""

from hw_mocks import blinka


def pytest_configure() -> None:
    blinka.install()
