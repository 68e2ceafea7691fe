"""Scripts that make every weight again; not in the wheel."""
