"""The process that sees and hears: pictures and sound come in, only numbers leave it."""
