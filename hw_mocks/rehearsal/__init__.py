"""From an empty folder to a protected stall, without a board: `make rehearse-install`."""
