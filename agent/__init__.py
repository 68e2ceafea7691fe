"""Haetae's agent: from readings to alarms, events and the hub."""

__version__ = "0.1.0"
