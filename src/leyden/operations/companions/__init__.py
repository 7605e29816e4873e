"""What accompanies a write: versions, guards of unique values, and parts of large values."""
