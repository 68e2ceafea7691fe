"""Detectors: pure functions of the readings they were given."""
