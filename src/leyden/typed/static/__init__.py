"""The static types that generated modules are written in; all of them stand in the stubs beside it.

Nothing imports this at run time: a generated module does so for type checkers only.
"""
