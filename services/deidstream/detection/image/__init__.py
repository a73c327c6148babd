"""Pictures: what in them identifies somebody."""
