"""Classes of `leyden._attrs` behave as those of attrs do, to users, to pickle and to attrs."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar
from weakref import ref

import attrs
import pytest

from leyden import _attrs

T = TypeVar("T")


def classes(maker: Any) -> dict[str, Any]:
    """The same classes made by either module."""

    @maker.frozen
    class Point:
        """Two numbers."""

        x: int
        y: int = 2
        secret: str = maker.field(default="s", repr=False)
        noise: Any = maker.field(default=None, eq=False)
        tags: list[str] = maker.field(factory=list)
        kind: ClassVar[str] = "point"

        def moved(self, by: int) -> Any:
            """Uses its own class by the name that `super()` finds."""
            assert __class__ is type(self)  # type: ignore[name-defined]
            return maker.evolve(self, x=self.x + by)

    @maker.frozen
    class Named(Point):
        _name: str = maker.field(default="n", kw_only=True)
        y: int = 7

        def moved(self, by: int) -> Any:
            return super().moved(2 * by) if by > 100 else maker.evolve(self, x=by)

    @maker.define
    class Box(Generic[T]):
        value: T
        seen: int = maker.field(init=False, default=0)
        made: list[int] = maker.field(init=False, factory=list)
        later: Any = maker.field(init=False, eq=False)

        def __attrs_post_init__(self) -> None:
            self.seen += 1

    @maker.frozen(slots=False, eq=False)
    class Plain:
        value: Mapping[str, int] = maker.field(converter=dict)
        unset: Any = None

    @maker.frozen(kw_only=True)
    class Keywords:
        a: int
        b: int = 2

    @maker.frozen
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "mine"

    class Base(ABC):
        @abstractmethod
        def work(self) -> str:
            """What a subclass must have."""

    @maker.frozen
    class Worker(Base):
        a: int = 1

        def work(self) -> str:
            return super().__class__.__name__

    made = locals()
    return {name: made[name] for name in made if name not in ("maker", "made", "Base")}


OURS, THEIRS = classes(_attrs), classes(attrs)
ARGUMENTS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "Point": [((1,), {}), ((1, 3), {"tags": ["a"]}), ((1,), {"noise": 5}), ((), {"x": 1, "y": 4})],
    "Named": [((1,), {}), ((1,), {"name": "m"}), ((1, "s"), {"y": 3})],
    "Box": [((1,), {}), (("a",), {})],
    "Plain": [(([("a", 1)],), {}), (({"a": 1}, 2), {})],
    "Keywords": [((), {"a": 1}), ((), {"a": 1, "b": 3})],
    "Own": [((1,), {}), ((2,), {})],
    "Worker": [((), {}), ((2,), {})],
}
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Point", (), {}),
    ("Point", (1,), {"z": 2}),
    ("Point", (1, 2, "s", None, [], 6), {}),
    ("Named", (1,), {"_name": "m"}),
    ("Keywords", (1,), {}),
    ("Box", (1, 2), {}),
    ("Plain", (), {}),
]


def values(found: Any) -> dict[str, Any]:
    """What an instance shows by its attributes."""
    names = [part.name for part in attrs.fields(type(found))]
    return {name: getattr(found, name) for name in names if hasattr(found, name)}


def both() -> list[tuple[Any, Any]]:
    """The same instances of both modules."""
    return [
        (OURS[name](*args, **copy.deepcopy(named)), THEIRS[name](*args, **copy.deepcopy(named)))
        for name, calls in ARGUMENTS.items()
        for args, named in calls
    ]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_class_looks_as_one_of_attrs(name: str) -> None:
    ours, theirs = OURS[name], THEIRS[name]
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    kinds = [p.kind for p in inspect.signature(ours).parameters.values()]
    assert kinds == [p.kind for p in inspect.signature(theirs).parameters.values()]
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__qualname__ == theirs.__qualname__
    assert ours.__doc__ == theirs.__doc__ or ours.__doc__ is None
    slots = [getattr(kind, "__slots__", None) for kind in (ours, theirs)]
    assert slots[0] == slots[1]
    assert attrs.has(ours)


def test_instances_hold_show_and_compare_the_same() -> None:
    instances = both()
    for ours, theirs in instances:
        assert values(ours) == values(theirs)
        assert repr(ours) == repr(theirs)
        assert ref(ours)() is ours
    for ours, theirs in instances:
        for other, their_other in instances:
            assert (ours == other) is (theirs == their_other)
            assert (ours != other) is (theirs != their_other)


def test_equal_ones_have_one_hash_and_changing_ones_none() -> None:
    keywords = OURS["Keywords"]
    assert hash(keywords(a=1)) == hash(keywords(a=1, b=2)) != hash(keywords(a=2))
    plain = OURS["Plain"]({})
    assert hash(plain) == object.__hash__(plain)
    for name in ("Box", "Own"):
        assert OURS[name].__hash__ is THEIRS[name].__hash__ is None


@pytest.mark.parametrize(("name", "args", "named"), WRONG)
def test_wrong_arguments_are_refused_in_the_same_words(
    name: str, args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError) as theirs:
        THEIRS[name](*args, **named)
    with pytest.raises(TypeError) as ours:
        OURS[name](*args, **named)
    assert str(ours.value) == str(theirs.value)


def test_frozen_ones_refuse_changes_and_others_take_them() -> None:
    for name in ("Point", "Named", "Plain", "Keywords", "Worker"):
        args, named = ARGUMENTS[name][0]
        instance = OURS[name](*args, **named)
        attribute = OURS[name].__match_args__[0] if OURS[name].__match_args__ else "a"
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(instance, attribute, 3)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(instance, attribute)
    box = OURS["Box"](1)
    box.value = 2
    assert (box.value, box.seen, box.made) == (2, 1, [])
    with pytest.raises(AttributeError):
        box.other = 1


def test_attrs_takes_them_for_its_own() -> None:
    for ours, theirs in both():
        if isinstance(ours, OURS["Box"]):
            continue
        assert attrs.asdict(ours) == attrs.asdict(theirs)
        described = [
            [(p.name, p.alias, p.init, p.repr, p.eq, p.kw_only, p.type) for p in attrs.fields(kind)]
            for kind in (type(ours), type(theirs))
        ]
        assert described[0] == described[1]
    point = OURS["Point"](1, tags=["t"])
    assert attrs.evolve(point, x=2) == _attrs.evolve(point, x=2) == OURS["Point"](2, tags=["t"])
    assert _attrs.asdict(point, recurse=False) == attrs.asdict(point, recurse=False)
    assert list(_attrs.fields_dict(OURS["Named"])) == list(attrs.fields_dict(THEIRS["Named"]))

    @attrs.frozen
    class Further(OURS["Point"]):  # type: ignore[misc,name-defined]
        more: int = 1

    assert attrs.asdict(Further(1)) == attrs.asdict(point) | {"tags": [], "more": 1}


def test_methods_know_their_class() -> None:
    assert OURS["Point"](1).moved(2).x == 3
    assert OURS["Named"](1).moved(2).x == 2
    assert OURS["Worker"]().work() == THEIRS["Worker"]().work()
    with pytest.raises(TypeError, match="abstract"):
        OURS["Worker"].__mro__[1]()


@_attrs.frozen
class Kept:
    """One that pickle finds."""

    a: int
    _b: Any = _attrs.field(default=None, repr=False)


@_attrs.frozen(slots=False)
class KeptOpen(Kept):
    """One with a dictionary."""

    c: int = 3


@pytest.mark.parametrize("kind", [Kept, KeptOpen])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_copies_and_pickles_are_equal(kind: Any, protocol: int) -> None:
    kept = kind(1, [2])
    for again in (
        copy.copy(kept),
        copy.deepcopy(kept),
        pickle.loads(pickle.dumps(kept, protocol)),
    ):
        assert again == kept
        assert hash(kind(1)) == hash(kind(1))
        assert again._b == [2]


def test_something_inside_itself_is_shown_once() -> None:
    inside: list[Any] = []
    kept = Kept(1, inside)
    looped = OURS["Box"](inside)
    inside.append(looped)
    assert "..." in repr(looped)
    assert repr(kept) == "Kept(a=1)"


def test_attrs_itself_is_not_imported() -> None:
    """Its import takes as long as fifty of these classes."""
    script = (
        "import sys; from leyden._attrs import frozen, evolve\n"
        "@frozen\nclass A:\n    a: int = 1\n"
        "assert evolve(A(), a=2) == A(2) != A(), repr(A())\n"
        "assert 'attr' not in sys.modules and 'inspect' not in sys.modules"
    )
    ended = subprocess.run(
        [sys.executable, "-S", "-c", f"import types; {_bare()}\n{script}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def _bare() -> str:
    """Make the package known without importing what it imports."""
    folder = str(_attrs.__file__).rpartition("/")[0]
    return (
        "import sys; package = types.ModuleType('leyden'); "
        f"package.__path__ = [{folder!r}]; sys.modules['leyden'] = package"
    )
