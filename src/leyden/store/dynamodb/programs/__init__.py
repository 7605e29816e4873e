"""The store's methods as programs over the entities of `schemas/memory`."""
