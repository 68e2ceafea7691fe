"""No test touches real hardware: simulated wires go under Blinka before anything imports it."""

from hypothesis import settings

from hw_mocks import blinka


def pytest_configure() -> None:
    blinka.install()
    # a machine that runs two tests at a time may let any example wait
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")
