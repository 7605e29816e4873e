"""The tree of errors: each of them travels, and says what its call had written."""
