"""The static types that generated modules use; they are in the stubs beside this file.

Nothing imports this at run time; generated modules import it for type checkers only.
"""
