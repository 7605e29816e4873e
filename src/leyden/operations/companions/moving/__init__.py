"""Move items from the form of an old schema to that of a new one, and back.

`translation.py` turns an item of one entity into an item of another, `routes.py` says how each
attribute gets its value, and `kept.py` has what an item keeps for the way back. `forms.py` works
out, when a migration is loaded, what the two schemas of an entity imply; `moving.py` uses that for
the items. `company.py` has the guards and parts that move with an item.
"""
