"""What users hold: operations as data and verbs."""
