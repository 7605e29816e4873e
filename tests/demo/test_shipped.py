"""The schema folders that come with the package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

import leyden.shipped as shipped
from leyden.errors import InvalidOptionError
from leyden.schema import load_service

ROOT: Final = Path(__file__).resolve().parents[2]


def test_a_checkout_finds_its_own_folders() -> None:
    names = shipped.shipped_schemas()
    assert [name for name in names if "/" not in name] == ["memory", "memory_vectors", "taskapp"]
    assert "agents/langgraph" in names
    assert shipped.schemas_folder("agents/langgraph") == ROOT / "schemas" / "agents" / "langgraph"
    assert shipped.schemas_folder("memory") == ROOT / "schemas" / "memory"
    for name in shipped.shipped_schemas():
        load_service(shipped.schemas_folder(name))


def test_an_installed_package_has_them_beside_its_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "leyden"
    shutil.copytree(ROOT / "schemas", package / "schemas")
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert shipped.schemas_folder("taskapp") == package / "schemas" / "taskapp"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidOptionError, match='did you mean "memory"'):
        shipped.schemas_folder("memry")
    with pytest.raises(InvalidOptionError, match=r"it has agents/.*, taskapp"):
        shipped.schemas_folder("")
    with pytest.raises(InvalidOptionError):
        shipped.schemas_folder("../schemas/memory")


def test_a_package_without_them_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "lib" / "leyden")
    with pytest.raises(InvalidOptionError, match="it has none here"):
        shipped.schemas_folder("memory")
