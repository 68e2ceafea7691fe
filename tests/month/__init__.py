"""Thirty days of a bad life, compressed: `make bad-month`."""
