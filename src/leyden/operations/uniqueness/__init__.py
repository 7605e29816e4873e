"""Unique constraints, kept by guard items in the same transaction."""
