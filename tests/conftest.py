"""No test touches real hardware: simulated wires go under Blinka before anything imports it."""

import signal

from hypothesis import settings

from hw_mocks import blinka


def pytest_configure() -> None:
    # what a shell began in its background ignores it, and so would every program that a test begins
    signal.signal(signal.SIGINT, signal.default_int_handler)
    blinka.install()
    # a machine that runs two tests at a time may let any example wait
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")
