"""Other ways to bring an event to a hub, measured beside this agent: `make bench-peers`."""
