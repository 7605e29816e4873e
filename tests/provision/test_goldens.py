"""What Leyden writes for the shipped schemas is what the golden files hold."""

from __future__ import annotations

import pytest

from tests.provision.goldens import GOLDEN, services, texts


@pytest.mark.parametrize("name", ["memory", "taskapp", "desk"])
def test_every_format_of_the_shipped_schemas_is_golden(name: str) -> None:
    made = dict(texts(services()[name], name))
    kept = {file.name: file.read_text(encoding="utf-8") for file in (GOLDEN / name).iterdir()}
    assert made.keys() == kept.keys()
    for file, text in made.items():
        assert text == kept[file], (
            f"{name}/{file}: python -m tests.provision.goldens writes it anew"
        )
