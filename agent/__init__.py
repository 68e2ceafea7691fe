"""Haetae's agent: from readings to alarms, events and the hub."""
