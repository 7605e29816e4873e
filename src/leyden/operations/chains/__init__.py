"""The chains that users hold: operations as data, and verbs."""
