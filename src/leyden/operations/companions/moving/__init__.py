"""Moving items from the form of an old schema into that of a new one, and back.

`translation.py` turns an item of one entity into one of another, `routes.py` says how each
attribute gets there, and `kept.py` has what an item keeps for the way back. `forms.py` works out
what the two schemas of an entity say of this, when a migration is loaded; by that `moving.py` says
what becomes of an item. `company.py` has the guards and parts that move along.
"""
