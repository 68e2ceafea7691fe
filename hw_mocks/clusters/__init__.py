"""The hub as a cluster of three brokers on loopback: `make clusters`."""
