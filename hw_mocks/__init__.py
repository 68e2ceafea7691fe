"""Simulated wires and chips; never shipped on a device."""
