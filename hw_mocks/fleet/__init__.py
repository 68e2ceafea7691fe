"""Thousands of device sessions on one machine, and an outage of their hub: `make fleet`."""
