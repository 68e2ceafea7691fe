"""Hardware drivers: one part a file."""
