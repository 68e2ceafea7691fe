"""Lives of the agent that end badly, and what three witnesses say of them; see docs/torture.md."""
