"""Profiles, identity and commissioning."""
