"""Real servers for a laptop and for tests, without containers."""
