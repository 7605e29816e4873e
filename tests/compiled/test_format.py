"""The version of the format goes up when what a module carries would be out of date."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from leyden.compiled.specs import SpecWriter
from leyden.schema import load_checked
from leyden.typed import FORMAT
from tests.compiled.test_specs import SERVICE

SPECS: Final = {1: "b23e81ad3864876ecab0d185b07e03a25956113660a6126717a535f5e0442099"}
"""By the version of the format: the digest of the spec that the YAML of `SERVICE` makes."""


def test_the_same_yaml_makes_the_same_spec_in_one_version_of_the_format() -> None:
    spec, _ = load_checked(SERVICE, hooks={"settle": bool, "is_open": bool})
    digest = sha256(SpecWriter().text(spec).encode()).hexdigest()
    assert digest == SPECS[FORMAT], (
        "this YAML makes another spec than it did, and modules that were compiled before carry the "
        "former one. Where a version with this FORMAT is released, raise it in "
        "leyden/typed/schemas.py; then note the digest here"
    )
