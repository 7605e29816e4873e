"""What commands print: JSON for programs, aligned text or tables for people."""
