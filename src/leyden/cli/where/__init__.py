"""Conditions as people type them: `points > 3 and exists(tags)`.

::

    condition   = all ("or" all)*
    all         = one ("and" one)*
    one         = "not" one | "(" condition ")" | call | comparison
    call        = "exists" "(" path ")" | "missing" "(" path ")"
                | "contains" "(" path "," value ")" | "begins" "(" path "," value ")"
    comparison  = operand ("=" | "!=" | "<" | "<=" | ">" | ">=") value
                | operand "between" value "and" value
                | operand "in" "(" value ("," value)* ")"
    operand     = path | "size" "(" path ")"
    path        = name ("." name | "[" number "]" | "[" quoted "]")*
    value       = quoted text, or a word without spaces, commas and parentheses

A value takes the type of the attribute that it is compared with, so that text needs quotes only
where it has spaces or the like in it.
"""

from leyden.cli.where.conditions import read_condition

__all__ = ["read_condition"]
