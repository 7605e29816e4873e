"""Moving items from the form of an old schema into that of a new one, and back.

`translation.py` turns an item of one entity into one of another, `routes.py` says how each
attribute gets there, `kept.py` has what is kept for the way back, and `moving.py` puts them
together for one entity under a migration. `company.py` has the guards and parts that move along.
"""
