"""Several writes, or several reads, that happen together or not at all."""
