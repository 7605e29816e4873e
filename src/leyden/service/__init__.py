"""The service: entities and collections of one table under one roof."""
