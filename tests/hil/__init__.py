"""One suite over interchangeable rigs: `make hil RIG=sim|nspawn|qemu|board` (docs/hil.md)."""
