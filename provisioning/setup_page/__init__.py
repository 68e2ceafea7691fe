"""The page by which an installer sets a device up, served by the device itself."""
