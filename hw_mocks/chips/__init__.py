"""Simulated chips: registers or pulse trains, and physical knobs."""
