"""The commands, each a function in a module of this folder; `application.py` lists them."""
