"""The service: the entities and collections of one table, behind one connection."""
