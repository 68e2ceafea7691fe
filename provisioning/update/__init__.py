"""Updates: how a release is made, signed, offered, fetched, tried and kept; see docs/updates.md."""
