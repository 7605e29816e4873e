"""Measure stores of LangGraph: what calls cost, and what holds as it does in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen
from langgraph.store.memory import InMemoryStore

from bench.agents.contestants import Contestant
from bench.agents.counting import middle, share
from bench.agents.stage import Stage
from bench.agents.texts import failure, text
from bench.measuring import Figures, Say

LARGE: Final = 410_000
NAMESPACES, ITEMS = 20, 20
"""How many namespaces there are to list, and how many items of 1 kB each has."""

# --- what holds


def children(store: Any) -> Any:
    """Search a prefix whose items are in deeper namespaces."""
    store.put(("users", "ada", "notes"), "one", {"n": 1})
    store.put(("users", "bob"), "two", {"n": 2})
    return sorted((one.namespace, one.key) for one in store.search(("users",)))


def filtered(store: Any) -> Any:
    """Search five of the items that a filter takes, which come behind ten that it does not."""
    for n in range(20):
        store.put(("log",), f"{n:02}", {"late": n >= 10})
    return len(store.search(("log",), filter={"late": True}, limit=5))


def compared(store: Any) -> Any:
    """Search by comparison."""
    for n in range(6):
        store.put(("sizes",), f"{n}", {"size": n})
    return sorted(one.key for one in store.search(("sizes",), filter={"size": {"$gte": 3}}))


def apart(store: Any) -> Any:
    """Put under two namespaces whose labels are the same once they are joined."""
    store.put(("a:b",), "k", {"of": "one label"})
    store.put(("a", "b"), "k", {"of": "two labels"})
    found = [store.get(namespace, "k") for namespace in (("a:b",), ("a", "b"))]
    return [one and one.value for one in found]


def integers(store: Any) -> Any:
    """Read an integer back."""
    store.put(("numbers",), "integer", {"n": 3})
    value = store.get(("numbers",), "integer").value["n"]
    return [type(value).__name__, str(value)]


def floats(store: Any) -> Any:
    """Read a float back."""
    store.put(("numbers",), "float", {"n": 0.5})
    value = store.get(("numbers",), "float").value["n"]
    return [type(value).__name__, str(value)]


def large(store: Any) -> Any:
    """Read a value of 410 kB back."""
    store.put(("essays",), "long", {"essay": text(LARGE)})
    found = store.get(("essays",), "long")
    return found is not None and found.value == {"essay": text(LARGE)}


BEHAVIORS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "children": ("`search` under a prefix finds items of deeper namespaces", children),
    "filtered": ("`search` filters before it counts to `limit`", filtered),
    "compared": ("`search` compares with `$gte`", compared),
    "apart": ('`("a:b",)` and `("a", "b")` are two namespaces', apart),
    "integers": ("an integer comes back as an integer", integers),
    "floats": ("a float can be stored", floats),
    "large": ("a value of 410 kB can be stored", large),
}


def holds(make: Callable[[], Any]) -> dict[str, str]:
    """Compare a store with LangGraph's in memory: `yes`, `no`, or an error's name."""
    found = {}
    for name, (_, behave) in BEHAVIORS.items():
        expected = behave(InMemoryStore())
        try:
            found[name] = "yes" if behave(make()) == expected else "no"
        except Exception as error:
            found[name] = failure(error)
    return found


# --- what a call takes


@frozen
class Case:
    """A call on a store with items; its second argument numbers it."""

    name: str
    title: str
    times: int
    act: Callable[[Any, int], Any]


def _fill(store: Any) -> None:
    for namespace in range(NAMESPACES):
        for n in range(ITEMS):
            place = ("users", f"{namespace:02}", "notes")
            store.put(place, f"{n:02}", {"text": text(1000, n), "n": n})


ONE: Final = ("users", "03", "notes")

CASES: Final = (
    Case(
        "put",
        "`put` of 1 kB into a namespace that exists",
        20,
        lambda store, n: store.put(ONE, f"new-{n}", {"text": text(1000, n)}),
    ),
    Case("get", "`get` of 1 kB", 20, lambda store, n: store.get(ONE, f"{n % 20:02}")),
    Case(
        "search",
        f"`search` for 10 of {ITEMS} items in one namespace",
        5,
        lambda store, n: store.search(ONE, limit=10),
    ),
    Case(
        "list_namespaces",
        f"`list_namespaces` of {NAMESPACES} with {ITEMS} items each",
        2,
        lambda store, n: store.list_namespaces(prefix=("users",)),
    ),
)


def calls(here: Stage, stores: dict[str, Any], rounds: int, say: Say) -> Figures:
    """Let all stores make each call in turns; the first round does not count."""
    found: Figures = {name: {} for name in stores}
    for case in CASES:
        say(case.title)
        spent: dict[str, list[dict[str, float]]] = {name: [] for name in stores}
        for number in range(rounds + 1):
            for name in [*stores] if number % 2 else [*stores][::-1]:
                with here.meter.counted() as one:
                    for n in range(case.times):
                        case.act(stores[name], number * case.times + n)
                if number:
                    spent[name].append(one.each(case.times))
        for name, each in spent.items():
            found[name][case.name] = middle(each) | {"ratio": share(spent["leyden-store"], each)}
    return found


def measure(here: Stage, contestants: Sequence[Contestant], rounds: int, say: Say) -> Figures:
    """Measure all stores."""
    stores = {one.name: one.open(here, here.table()) for one in contestants}
    for store in stores.values():
        _fill(store)
    found = {name: {"calls": costs} for name, costs in calls(here, stores, rounds, say).items()}
    for one in contestants:
        say(f"{one.title}: what holds")
        found[one.name]["holds"] = holds(lambda one=one: one.open(here, here.table()))
    return found
