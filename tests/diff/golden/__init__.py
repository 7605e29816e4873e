"""Changes of schemas, and all that a diff says of each."""
