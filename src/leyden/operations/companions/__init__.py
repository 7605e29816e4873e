"""What goes along with a write: versions, the guards of unique values, parts of large ones."""
