"""The gateway beside the hub's broker: each event, once, in the words of other systems."""
