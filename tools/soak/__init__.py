"""A migration that is killed again and again while old and new code write; see `run.py`."""
