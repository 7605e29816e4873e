"""Write the figures of the adapters into their page, and draw them. Needs no framework."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.drawing import Bar, Group, Panel, number, sheet
from bench.measuring import Figures
from bench.report import ROOT, fill, table

FIGURES: Final = Path("docs", "agents.json")
DRAWING: Final = Path("docs", "agents.svg")
PAGE: Final = Path("docs", "agents.md")
BEGIN: Final = "<!-- What follows is written by `make bench-agents`. -->"
END: Final = "<!-- What precedes is written by `make bench-agents`. -->"

SOAK: Final = Path("docs", "soak-agents.json")
SOAK_BEGIN: Final = "<!-- What follows is written by `make soak-agents`. -->"
SOAK_END: Final = "<!-- What precedes is written by `make soak-agents`. -->"

CALLS: Final = {
    "put": "`put`",
    "put_writes": "`put_writes` of 12",
    "get_tuple": "`get_tuple`, 13 writes",
    "list": "`list(limit=10)` of 100",
    "delete_thread": "`delete_thread` of 100",
}
STORE_CALLS: Final = {
    "put": "`put` of 1 kB",
    "get": "`get` of 1 kB",
    "search": "`search` for 10 of 20",
    "list_namespaces": "`list_namespaces`, 20 with 400 items",
}
STORAGE_CALLS: Final = {
    "new": "`write` of 1 kB under a new key",
    "write": "`write` of 1 kB under a key that is there",
    "read": "`read` of 1 kB",
    "list": "`list` of 100 keys",
    "search": "`search` of 100 entries",
    "delete": "`delete`",
    "large": "`write` of 500 kB",
    "read_large": "`read` of 500 kB",
}
HOLDS: Final = {
    "children": "`search` under a prefix finds items of deeper namespaces",
    "filtered": "`search` applies its filter before its limit",
    "compared": "`search` compares with `$gte`",
    "apart": '`("a:b",)` and `("a", "b")` are two namespaces',
    "integers": "an integer comes back as an integer",
    "floats": "a float comes back as it was",
    "large": "a value of 410 kB comes back as it was",
}
FRAMEWORKS: Final = {
    "openai-agents": "OpenAI Agents SDK",
    "langchain-core": "LangChain",
    "agent-framework-core": "Agent Framework",
    "pydantic-ai-slim": "Pydantic AI",
    "google-adk": "Google ADK",
}

Row = list[str]


def titles(figures: Mapping[str, Figures]) -> list[str]:
    """Return the names of packages, for the head of a table."""
    return [one["title"] for one in figures.values()]


def amount(value: float) -> str:
    """Return requests or units, which are whole or halves."""
    return f"{value:,.1f}".removesuffix(".0")


def span(values: Sequence[int]) -> str:
    """Return the least and the most of several rounds."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def timed(cost: Mapping[str, float], name: str) -> str:
    """Return client CPU, with Leyden's share of it where it is another's."""
    cpu = number(cost["cpu"])
    return cpu if name.startswith("leyden") else f"{cpu} ({cost['ratio']:.2f})"


def spent(cost: Mapping[str, float]) -> str:
    """Return requests, and the read and the write units that they take."""
    units = [f"{amount(cost[what])} {what[0].upper()}" for what in ("reads", "writes")]
    there = [text for text in units if not text.startswith("0 ")]
    return f"{amount(cost['requests'])} ({', '.join(there)})"


def outcome(found: Mapping[str, Any]) -> str:
    """Return whether something large is kept."""
    if found["kept"]:
        return "kept"
    left = found.get("left", 0)
    return f"fails: {found['failure']}" + (f"; leaves {left} item behind" if left else "")


def held(found: str) -> str:
    """Return whether something holds, or the error that it fails with."""
    return found if found in ("yes", "no") else f"fails: {found}"


def isolated(found: Mapping[str, str]) -> str:
    """Return which separators let names run into each other, and which are refused."""
    mixed = [f"`{by}`" for by, one in found.items() if one == "mixed"]
    refused = [f"`{by}` fails" for by, one in found.items() if one not in ("mixed", "apart")]
    said = [f"mixed up with {' '.join(mixed)}"] if mixed else []
    return "; ".join(said + refused) or "apart"


# --- the tables


def _of_turn(one: Figures, turn: str) -> str:
    cost = one["turns"].get(turn)
    return "" if cost is None else spent(cost)


def _death(found: Mapping[str, Any], unit: str, limit: int) -> str:
    if found["fails_at"] is None:
        return f"none of {limit:,}"
    return f"{unit} {found['fails_at']}: {found['failure']}"


def _suite(one: Figures) -> str:
    found = one["suite"]
    return f"{found['passed']} of {found['passed'] + found['failed']}"


def _absent(one: Figures) -> str:
    return ", ".join(f"`{name}`" for name in one["suite"]["absent"]) or "none"


def saver_rows(figures: Figures) -> Iterator[Row]:
    """Yield what checkpointers hold."""
    savers = [*figures["savers"].values()]
    chats = [*figures["chats"].values()]

    def row(title: str, cells: Iterable[str]) -> Row:
        return [title, *cells]

    last = figures["looked_at"][-1]
    yield row("conformance suite: tests passed", map(_suite, savers))
    yield row("capabilities that it lacks", map(_absent, savers))
    yield row(
        "order of 12 writes of a task",
        (
            "kept" if one["order"] == [*range(12)] else ", ".join(map(str, one["order"]))
            for one in savers
        ),
    )
    yield row(
        "namespaces `a` and `a#b`, and so with `$` `:` `/`",
        (isolated(one["isolation"]["namespaces"]) for one in savers),
    )
    yield row(
        "one checkpoint id in thread `p#q`, namespace `r`, and in `p`, `q#r`",
        (isolated(one["isolation"]["threads"]) for one in savers),
    )
    yield row("a state of 500 kB", (outcome(one["large"]) for one in savers))
    for turn in figures["looked_at"]:
        yield row(
            f"chat: requests of turn {int(turn):,} (read units R, write units W)",
            (_of_turn(one, turn) for one in chats),
        )
    yield row(
        "chat: write units of a turn, on average and at most",
        (f"{amount(one['mean'])}, {amount(one['most'])}" for one in chats),
    )
    yield row("chat: first turn that fails", (_death(one, "turn", int(last)) for one in chats))
    yield row("chat: requests that failed", (amount(one["failed_requests"]) for one in chats))
    yield row(
        "chat: requests to read the newest state at the end",
        (spent(one["newest"]) for one in chats),
    )
    yield row(
        "delta channel: requests of turn 45",
        (
            amount(one["delta"]["requests"])
            if one["delta"]["failure"] is None
            else f"fails: {one['delta']['failure']}"
            for one in savers
        ),
    )


def call_rows(
    found: Mapping[str, Figures], calls: Mapping[str, str], cell: str = "spent"
) -> Iterator[Row]:
    """Yield what calls take: requests and units, or client CPU."""
    for call, title in calls.items():
        costs = [(name, one["calls"][call]) for name, one in found.items()]
        yield [
            title,
            *(spent(cost) if cell == "spent" else timed(cost, name) for name, cost in costs),
        ]


def history_rows(found: Mapping[str, Figures]) -> Iterator[Row]:
    """Yield what the histories of one framework hold and cost."""
    histories = [*found.items()]
    lengths = [*histories[0][1]["add"]]
    rounds = len(histories[0][1]["together"])
    yield [
        f"of 20 messages added at once, kept ({rounds} rounds)",
        *(span(one["together"]) for _, one in histories),
    ]
    if all(one["pops"] for _, one in histories):
        yield [
            f"of 20 pops at once, different messages ({rounds} rounds)",
            *(span(one["pops"]) for _, one in histories),
        ]
    yield ["a message of 500 kB", *(outcome(one["large"]) for _, one in histories)]
    yield [
        "messages of 2 kB: the first that fails",
        *(_death(one["long"], "message", 300) for _, one in histories),
    ]
    for length in lengths:
        yield [
            f"requests to add message {int(length):,}",
            *(spent(one["add"][length]) for _, one in histories),
        ]
    yield ["requests to read the newest 10", *(spent(one["newest_10"]) for _, one in histories)]
    for length in lengths:
        yield [
            f"client CPU to add message {int(length):,}, ms",
            *(timed(one["add"][length], name) for name, one in histories),
        ]
    yield [
        "client CPU to read the newest 10, ms",
        *(timed(one["newest_10"], name) for name, one in histories),
    ]


def by_framework(figures: Figures) -> dict[str, dict[str, Figures]]:
    """Return the histories by their frameworks."""
    found: dict[str, dict[str, Figures]] = {}
    for name, one in figures["histories"].items():
        found.setdefault(one["framework"], {})[name] = one
    return found


def page(figures: Figures) -> str:
    """Return the page's part."""
    savers, stores = figures["savers"], figures["stores"]
    machine = figures["machine"]
    lines = [
        f"![Adapters beside other packages on DynamoDB]({DRAWING.name})",
        "",
        "## LangGraph checkpointers",
        "",
        *table(["", *titles(savers)], saver_rows(figures)),
        *table(
            ["requests (read units R, write units W)", *titles(savers)], call_rows(savers, CALLS)
        ),
        *table(["client CPU, ms", *titles(savers)], call_rows(savers, CALLS, "cpu")),
        "## LangGraph stores",
        "",
        *table(
            ["as LangGraph's store in memory does it", *titles(stores)],
            (
                [title, *(held(one["holds"][name]) for one in stores.values())]
                for name, title in HOLDS.items()
            ),
        ),
        *table(
            ["requests (read units R, write units W)", *titles(stores)],
            call_rows(stores, STORE_CALLS),
        ),
        *table(["client CPU, ms", *titles(stores)], call_rows(stores, STORE_CALLS, "cpu")),
    ]
    for framework, found in by_framework(figures).items():
        lines += [f"## {FRAMEWORKS[framework]}", ""]
        lines += table(["", *titles(found)], history_rows(found))
    storages = figures["storages"]
    lines += [
        "## Strands",
        "",
        *table(
            ["requests (read units R, write units W)", *titles(storages)],
            call_rows(storages, STORAGE_CALLS),
        ),
        *table(["client CPU, ms", *titles(storages)], call_rows(storages, STORAGE_CALLS, "cpu")),
    ]
    busy = machine["load_at_start"]
    lines += [
        "## Where it was measured",
        "",
        f"{figures['date']}, {machine['processors']} processors ({machine['processor']}), "
        f"{machine['system']}{'' if busy is None else f', load {busy} at the start'}; DynamoDB "
        f"Local; medians of {figures['rounds']} rounds.",
        ", ".join(f"{name} {found}" for name, found in figures["versions"].items()) + ".",
        "",
    ]
    return "\n".join(lines)


def soak(figures: Figures) -> str:
    """Return the page's part about the soak."""
    add, pop, put = parts = [figures[name] for name in ("add", "pop", "put")]
    rows = [
        ["processes killed", *(f"{one['kills']:,}" for one in parts)],
        ["requests", *(f"{one['requests']:,}" for one in parts)],
        ["of them throttled", *(f"{one['throttled']:,}" for one in parts)],
        ["of them broken off", *(f"{one['broken off']:,}" for one in parts)],
        ["calls confirmed, of all", *(f"{one['done']:,} of {one['calls']:,}" for one in parts)],
        [
            "in the table at the end",
            f"{add['messages']:,} messages",
            f"{pop['left']:,} messages",
            f"{put['checkpoints']:,} checkpoints, {put['writes']:,} writes",
        ],
        ["lost, twice, torn or out of order", *(str(len(one["faults"])) for one in parts)],
    ]
    head = ["", "`LeydenSession.add_items`", "`pop_item`", "`LeydenSaver.put`, `put_writes`"]
    return "\n".join(table(head, rows))


# --- the drawing


def label(title: str) -> str:
    """Return a title that fits beside a bar."""
    return title.removeprefix("langgraph-")


def kind(name: str) -> str:
    """Return the CSS class of a package."""
    return "own" if name.startswith("leyden") else "other"


def chats(figures: Figures) -> Panel:
    """Return the panel of a chat's write units."""
    groups = []
    for turn in figures["looked_at"]:
        bars = []
        for name, one in figures["chats"].items():
            cost = one["turns"].get(turn)
            units = 0.0 if cost is None else cost["writes"]
            said = amount(units) if cost else f"failed at {one['fails_at']}"
            bars.append(Bar(label(one["title"]), units, said, kind(name)))
        groups.append(Group(f"turn {int(turn):,}", bars))
    return Panel(
        "Write units of a turn", "LangGraph, a chat with 2 kB a turn; shorter is better", groups
    )


def requests(figures: Figures) -> Panel:
    """Return the panel of requests by call."""
    groups = [
        Group(
            title.replace("`", ""),
            [
                Bar(
                    label(one["title"]),
                    one["calls"][call]["requests"],
                    amount(one["calls"][call]["requests"]),
                    kind(name),
                )
                for name, one in figures["savers"].items()
            ],
        )
        for call, title in CALLS.items()
    ]
    return Panel("Requests of a call", "LangGraph, checkpointers; shorter is better", groups)


def adds(figures: Figures) -> Panel:
    """Return the panel of the units of an add, by the length of the conversation."""
    groups = []
    for framework, found in by_framework(figures).items():
        for length in next(iter(found.values()))["add"]:
            bars = [
                Bar(
                    one["title"],
                    one["add"][length]["reads"] + one["add"][length]["writes"],
                    amount(one["add"][length]["reads"] + one["add"][length]["writes"]),
                    kind(name),
                )
                for name, one in found.items()
            ]
            groups.append(Group(f"{FRAMEWORKS[framework]}, message {int(length):,}", bars))
    note = "read and write units; messages of 100 letters"
    return Panel("Adding one message", note, groups)


def kept(figures: Figures) -> Panel:
    """Return the panel of messages that are added at once."""
    groups = [
        Group(
            FRAMEWORKS[framework],
            [
                Bar(one["title"], min(one["together"]), span(one["together"]), kind(name))
                for name, one in found.items()
            ],
        )
        for framework, found in by_framework(figures).items()
    ]
    return Panel("Of 20 messages added at once, kept", "the least of all rounds", groups, 20.0)


def draw(figures: Figures) -> str:
    """Return the whole drawing."""
    return sheet(
        "Adapters for agent frameworks beside other packages on DynamoDB",
        [chats(figures), requests(figures)],
        [adds(figures), kept(figures)],
    )


def write(figures: Figures, root: Path = ROOT) -> None:
    """Write the figures, the drawing and the page's part."""
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    (root / FIGURES).write_text(text, encoding="utf-8")
    (root / DRAWING).write_text(draw(figures), encoding="utf-8")
    fill(root / PAGE, page(figures), BEGIN, END)


def write_soak(figures: Figures, root: Path = ROOT) -> None:
    """Write the figures of the soak, and the page's part about it."""
    (root / SOAK).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    fill(root / PAGE, soak(figures), SOAK_BEGIN, SOAK_END)


def read(root: Path = ROOT) -> Figures:
    """Return the figures that were written."""
    found: Figures = json.loads((root / FIGURES).read_text(encoding="utf-8"))
    return found
