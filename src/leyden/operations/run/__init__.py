"""Programs: which requests are sent, and what becomes of the answers."""
