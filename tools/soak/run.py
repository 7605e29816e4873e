"""The soak: a migration is killed again and again, while four writers of old and new code work.

A process migrates a table through a proxy that throttles and breaks a tenth of all requests. It is
killed at random points, and another one continues. Then the writers stop, and a last run moves what
they left. Rules that do not use Leyden check every raw item: it exists once, in the new form, and
holds what was written last. After that, everything runs backwards: after a rollback with kills,
items have the old form with the latest values, and the old bytes if nobody wrote them.

`make soak` runs it on DynamoDB Local with a million items and 200 kills, and writes the figures.

    python -m tools.soak.run --items 1000000 --kills 200 --json docs/soak.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

import boto3
from attrs import define, field
from botocore.config import Config
from tests.faults.proxy import running
from tools.soak.items import (
    Item,
    Place,
    first_state,
    form_faults,
    loaded_item,
    place_of,
    places_of,
    state_of_new,
    state_of_old,
    text_of,
)
from tools.soak.proxy import RandomFaults
from tools.soak.writers import Ledger, Writer

import leyden
from leyden.engine import LocalEngine, dynamodb_local

HERE: Final = Path(__file__).parent / "schemas"
ROOT: Final = Path(__file__).parents[2]
LEASE: Final = 1.0
"""How many seconds the next process waits for the lease of a killed one."""

Form = Literal["old", "new"]


@define(eq=False)
class Soak:
    """A table, its engine behind a proxy, and the findings."""

    engine: Any
    proxy: RandomFaults
    count: int
    seed: int
    rate: float | None
    table: str
    ledger: Ledger = field(factory=Ledger)
    places: Sequence[Place] = ()
    kills: int = 0
    runs: list[dict[str, Any]] = field(factory=list)
    moved: Counter[str] = field(factory=Counter)
    _odd: dict[Any, Item] = field(factory=dict)
    """The raw accounts and papers as they were loaded, which Leyden wrote."""
    _random: random.Random = field(init=False)
    _client: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._client = boto3.client(
            "dynamodb",
            region_name=self.engine.region,
            endpoint_url=self.engine.endpoint_url,
            aws_access_key_id=self.engine.credentials.access_key_id,
            aws_secret_access_key=self.engine.credentials.secret_access_key,
            config=Config(retries={"max_attempts": 3}),
        )

    # --- before

    @property
    def where(self) -> dict[str, Any]:
        """The arguments of `leyden.load` for the engine without the proxy."""
        return {
            "table": self.table,
            "region": self.engine.region,
            "endpoint_url": self.engine.endpoint_url,
            "credentials": self.engine.credentials,
        }

    def service(self, form: Form, url: str) -> leyden.Service:
        """Load the old code, or the new code while items move."""
        options: dict[str, Any] = {**self.where, "endpoint_url": url}
        if form == "new":
            options["migrating_from"] = HERE / "move.yaml"
        return leyden.load(HERE / form, **options)

    def load(self) -> None:
        """Create the table, and write the items as old code does."""
        with leyden.load(HERE / "new", **self.where) as new:
            # It has the indexes of the old schemas, and more.
            new.create_table()
        with self.service("old", self.engine.endpoint_url) as old:
            self.places = [*places_of(self.count)]
            raw = (loaded_item(place) for place in self.places if place.kind in ("task", "note"))
            while some := [*islice(raw, 25)]:
                puts = [{"PutRequest": {"Item": item}} for item in some]
                self._client.batch_write_item(RequestItems={self.table: puts})
            for place in self.places:
                state = first_state(place)
                if place.kind == "account":
                    old.entities.account.create(id=place.id, email=state.who, memo=state.memo).go()
                elif place.kind == "paper":
                    text = text_of(place, state.memo)
                    old.entities.paper.create(
                        shelf=place.group, id=place.id, text=text, memo=state.memo
                    ).go()
        self._odd = {
            (place_of(item), *key_of(item)): item
            for item in self.raw()
            if (place_of(item) or Place("task", 0)).kind in ("account", "paper")
        }

    # --- under way

    @contextmanager
    def writing(self, forms: Sequence[Form]) -> Iterator[None]:
        """Run writers, and stop them at the end."""
        stop = threading.Event()
        with ExitStack() as stack:
            writers = [
                Writer(
                    f"{form}{number}",
                    stack.enter_context(self.service(form, self.proxy.url)),
                    form == "new",
                    self.places,
                    self.ledger,
                    self._random.randrange(10**9),
                    stop,
                )
                for number, form in enumerate(forms)
            ]
            for writer in writers:
                writer.thread.start()
            try:
                yield
            finally:
                stop.set()
                for writer in writers:
                    writer.thread.join()

    def kill_and_go_on(self, direction: str, kills: int, longest: float) -> None:
        """Start the migration, kill it at a random point, and repeat."""
        while kills:
            migrator = self._start(direction)
            try:
                killed = self._kill_soon(migrator, self._random.uniform(0, longest))
            finally:
                migrator.kill()
                out, _ = migrator.communicate()
            if killed:
                kills -= 1
                self.kills += 1
                continue
            if migrator.returncode:
                raise RuntimeError(f"the migration failed: {out[-2000:]}")
            self._note(out)
            # It finished this time, so kill the next one earlier.
            longest *= 0.7

    def _kill_soon(self, migrator: subprocess.Popen[str], seconds: float) -> bool:
        assert migrator.stdout is not None
        if not migrator.stdout.readline():
            return False
        try:
            migrator.wait(seconds)
        except subprocess.TimeoutExpired:
            migrator.send_signal(signal.SIGKILL)
            migrator.wait()
            return True
        return False

    def finish(self, direction: str) -> dict[str, Any]:
        """Run the migration to its end."""
        migrator = self._start(direction)
        out, _ = migrator.communicate()
        if migrator.returncode:
            raise RuntimeError(f"the migration failed: {out[-2000:]}")
        return self._note(out)

    def _start(self, direction: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tools.soak.migrator", self.proxy.url, direction]
        command += ["" if self.rate is None else str(self.rate), str(LEASE), self.table]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.engine.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.engine.credentials.secret_access_key,
            "AWS_REGION": self.engine.region,
            # In this mode, the first retry comes after at most 50 ms rather than a second. With a
            # fault in every tenth request, most of the time would go into waiting.
            "AWS_RETRY_MODE": "legacy",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        }
        return subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _note(self, out: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(out.splitlines()[-1])
        self.runs.append(report)
        if report["failed"]:
            self.ledger.faults.append(f"items failed: {report['failures'][:3]}")
        return report

    # --- after

    def raw(self) -> Iterator[Item]:
        """Yield all raw items of the table, without the proxy."""
        position: dict[str, Any] = {}
        while True:
            # Without a limit, DynamoDB Local reads the whole rest of the table for each page.
            page = self._client.scan(
                TableName=self.table, ConsistentRead=True, Limit=1000, **position
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            position = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def check(self, form: Form) -> list[str]:
        """Return what is wrong with the items of the table, in words."""
        faults = list(self.ledger.faults)
        seen: set[Place] = set()
        owners: dict[tuple[str, str], Place] = {}
        guards: list[Item] = []
        parts: list[Item] = []
        for item in self.raw():
            if "__leyden_part__" in item:
                parts.append(item)
            elif item.get("__edb_e__", {}).get("S", "").endswith("#unique"):
                guards.append(item)
            if (place := place_of(item)) is None:
                continue
            if place in seen:
                faults.append(f"{place} is there twice")
            seen.add(place)
            owners[key_of(item)] = place
            try:
                wrong = form_faults(item, form)
                state = state_of_new(item) if form == "new" else state_of_old(item)
            except KeyError as error:
                faults.append(f"{place} lacks {error}: {sorted(item)}")
                continue
            faults += (f"{place}: {one}" for one in wrong)
            if state not in self.ledger.of(place):
                faults.append(f"{place} says {state}, and not {set(self.ledger.of(place))}")
            if form == "old" and place not in self.ledger.states:
                loaded = (
                    loaded_item(place)
                    if place.kind in ("task", "note")
                    else self._odd.get((place, *key_of(item)))
                )
                if item != loaded:
                    faults.append(f"{place} has other bytes than at the beginning")
        missing = (place for place in self.places if place not in seen)
        faults += (f"{one} is lost" for one in missing if None not in self.ledger.of(one))
        faults += company_faults(guards, parts, owners, form)
        return faults + self._text_faults(form)

    def _text_faults(self, form: Form) -> list[str]:
        """Return papers whose large text is damaged, as the code of this form reads it."""
        service = leyden.load(HERE / form, **self.where)
        found = []
        with service as app:
            for place in self.places:
                if place.kind != "paper":
                    continue
                record = app.entities.paper.get(shelf=place.group, id=place.id).go(consistent=True)
                if record is not None and record.text != text_of(place, record.memo):
                    found.append(f"the text of {place} is torn")
        return found


def key_of(item: Item) -> tuple[str, str]:
    """Return the key of a raw item."""
    return item["pk"]["S"], item["sk"]["S"]


def company_faults(
    guards: Sequence[Item],
    parts: Sequence[Item],
    owners: dict[tuple[str, str], Place],
    form: Form,
) -> list[str]:
    """Return accounts without exactly one guard, and guards and parts without an owner."""
    faults = []
    guarded: Counter[Place | None] = Counter()
    for guard in guards:
        owner = owners.get(key_of(guard["__leyden_owner__"]["M"]))
        guarded[owner] += 1
        if owner is None:
            faults.append(f"a guard has no owner: {guard['pk']}")
        if guard["__edb_v__"]["S"] != ("2" if form == "new" else "1"):
            faults.append(f"a guard of another version: {guard['pk']}")
    for place in owners.values():
        if place.kind == "account" and guarded[place] != 1:
            faults.append(f"{place} has {guarded[place]} guards")
    for part in parts:
        owner = owners.get(key_of(part["__leyden_owner__"]["M"]))
        if owner is None or part["pk"] != part["__leyden_owner__"]["M"]["pk"]:
            faults.append(f"a part has no paper: {part['pk']} {part['sk']}")
    return faults


@contextmanager
def engine_of(kind: str) -> Iterator[Any]:
    """Start an engine: `embedded`, or `local` for DynamoDB Local."""
    if kind == "embedded":
        with leyden.local() as engine:
            yield engine
        return
    found = dynamodb_local(
        os.environ.get("LEYDEN_DYNAMODB_LOCAL") or ROOT / ".cache" / "dynamodb-local"
    )
    try:
        yield found
    finally:
        found.close()


def soak(
    engine: Any,
    *,
    items: int,
    kills: int,
    seed: int = 0,
    share: float = 0.1,
    longest: float = 2.0,
    rate: float | None = None,
    table: str = "soak",
    back: bool = True,
    say: Any = lambda text: None,
) -> dict[str, Any]:
    """Run everything on an engine, or only the way forward; return the figures, with `faults`."""
    proxy = RandomFaults(engine.endpoint_url, isinstance(engine, LocalEngine), share=share)
    began = time.monotonic()
    seconds: dict[str, float] = {}

    def lap(name: str) -> None:
        seconds[name] = round(time.monotonic() - began - sum(seconds.values()), 1)
        say(f"{name}: {seconds[name]} s, {run.kills} kills, {sum(proxy.counts.values())} requests")

    with running(proxy):
        run = Soak(engine, proxy, items, seed, rate, table)
        run.load()
        lap("load")
        with run.writing(("old", "old", "new", "new")):
            run.kill_and_go_on("forward", kills - kills // 2 if back else kills, longest)
        lap("killed forward")
        run.finish("forward")
        lap("forward")
        faults = [f"forward: {one}" for one in run.check("new")]
        lap("checked")
        if back:
            with run.writing(("old", "old", "new", "new")):
                run.kill_and_go_on("back", kills // 2, longest)
            lap("killed back")
            run.finish("back")
            lap("back")
            faults += [f"back: {one}" for one in run.check("old")]
            lap("checked again")
    counts = run.ledger.counts
    return {
        "items": items,
        "kills": run.kills,
        "faults": faults,
        "requests": proxy.counts["requests"],
        "throttled": proxy.counts["throttled"],
        "reset": proxy.counts["reset"],
        "written items": len(run.ledger.states),
        "writes": {name: counts[name] for name in sorted(counts)},
        "runs": len(run.runs) + run.kills,
        "peak memory of a run, MB": max((report["peak"] for report in run.runs), default=0),
        "seconds": seconds,
        "load average": os.getloadavg()[0],
    }


def main() -> int:
    """Run the soak with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("embedded", "local"), default="local")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--longest", type=float, default=20.0, help="seconds until a kill")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with engine_of(given.engine) as engine:
        figures = soak(
            engine,
            items=given.items,
            kills=given.kills,
            seed=given.seed,
            longest=given.longest,
            rate=given.rate,
            say=lambda text: sys.stdout.write(f"{text}\n"),
        )
    figures = {"engine": given.engine, "seed": given.seed, **figures}
    shown = {**figures, "faults": figures["faults"][:20]}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    if given.json is not None:
        given.json.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    return 1 if figures["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
