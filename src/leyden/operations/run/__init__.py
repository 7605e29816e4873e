"""Programs: what is sent, and what is made of the answers."""
