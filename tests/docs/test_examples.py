"""Every example in the documentation runs, and gives what the page says."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
import yaml
from tools.site.commands import check_commands
from tools.site.pages import PAGES, ROOT, Block, blocks, name_of
from tools.site.programs import RUN, Drawing, expectation, matches, run_block, run_console, run_page

from leyden.errors import SchemaError
from leyden.schema import load_service
from tests.memory.pinecone_service import serving

WITH_PROGRAMS = [
    page
    for page in PAGES
    # Those of agent frameworks run beside these, in tests/agents.
    if not page.stem.startswith("agents-") and any(block.language in RUN for block in blocks(page))
]


@pytest.mark.parametrize("page", WITH_PROGRAMS, ids=name_of)
def test_the_examples_of_a_page_do_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Pinecone's client asks this address where a page has one. A page may turn on the log.
    with serving() as pinecone, caplog.at_level(logging.NOTSET, logger="leyden.drivers"):
        monkeypatch.setenv("PINECONE_CONTROLLER_HOST", pinecone.host)
        assert run_page(page, tmp_path).met > 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_a_page_shows_exist_with_their_options(page: Path) -> None:
    for block in blocks(page):
        if block.language == "sh":
            check_commands(block)


def test_the_pages_that_teach_have_programs() -> None:
    names = {name_of(page) for page in WITH_PROGRAMS}
    assert names >= {"README.md", "keys.md", "operations.md"}
    reference = {"command-line", "configuration", "errors", "events", "options", "schema-faults"}
    reference |= {"schema-language", "wire-format"}
    assert names >= {f"reference/{name}.md" for name in reference}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_entities_that_a_page_shows_in_part_are_accepted(page: Path) -> None:
    for block in blocks(page):
        right = block.language == "yaml" and block.argument != "faulty"
        shown = yaml.safe_load(block.text) if right else None
        if isinstance(shown, dict) and {"attributes", "indexes"} <= shown.keys():
            whole = {"entity": "shown", "version": "1", "service": "shown"} | shown
            hooks = dict.fromkeys(re.findall(r"call: (\w+)", block.text), repr)
            try:
                load_service(whole, hooks=hooks)
            except SchemaError as error:
                raise AssertionError(f"{block.place()}: {error}") from error


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, target


def block(text: str, language: str = "python") -> Block:
    return Block(Path("page.md"), language, text, 10)


def page_of(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    (folder / "project").mkdir()
    return page


def test_a_wrong_value_names_page_and_line() -> None:
    with pytest.raises(AssertionError, match=r"page.md:11\n.*says: 3\n.*is: +2"):
        run_block(block("x = 1\nx + 1  # -> 3\n"), {})


def test_a_missing_and_an_unexpected_exception_are_told() -> None:
    with pytest.raises(AssertionError, match=r"page\.md:10: nothing was raised"):
        run_block(block("1\n# raises ValueError: ...\n"), {})
    with pytest.raises(AssertionError, match=r"page\.md:10: ZeroDivisionError"):
        run_block(block("1 / 0\n"), {})
    assert run_block(block("1 / 0\n# raises ZeroDivisionError: ...\n"), {}) == 1


def test_what_is_printed_counts_before_the_value() -> None:
    assert run_block(block("print('a')\nprint('b')  # -> b\n"), {}) == 1


def test_expectations_go_on_over_comment_lines_and_end_with_them() -> None:
    found = expectation(["f()", "# -> one", "#    two", "", "# three"])
    assert found is not None
    assert " ".join(found.text.split()) == "one two"
    assert expectation(["f()", "# a remark"]) is None


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert matches("Task(a=1, ...)", "Task(a=1, b=2)")
    assert not matches("Task(a=1, ...)", "Task(a=2, b=2)")
    assert not matches("a.c", "abc")


def test_blocks_have_a_language_an_argument_and_options(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        "# Page\n```{drawing} app\n:index: gsi1\n:caption: Two: both\n```\n"
        "```{code-block} python\n:emphasize-lines: 1\n\nx = 1\n```\n"
        "````markdown\n```python\ny\n```\n````\n```sh\n```\n",
    )
    drawing, code, markdown, empty = blocks(page)
    assert (drawing.language, drawing.argument, drawing.text) == ("{drawing}", "app", "")
    assert drawing.options == {"index": "gsi1", "caption": "Two: both"}
    assert (code.language, code.text, code.line) == ("python", "\nx = 1\n", 8)
    assert (markdown.language, markdown.text) == ("markdown", "```python\ny\n```\n")
    assert (empty.language, empty.text) == ("sh", "")


SCHEMA = """\
# schemas/note.yaml
entity: note
version: "1"
service: notes
attributes:
  note_id: {type: string, required: true}
indexes:
  note:
    pk: {field: pk, composite: [note_id]}
    sk: {field: sk, composite: []}
"""
OPENED = """\
```python
import leyden
engine = leyden.local()
app = leyden.load("schemas", table="notes", engine=engine)
app.create_table()
```
"""


def test_a_page_writes_files_and_runs_commands_on_its_engine(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        f"""
```yaml
{SCHEMA}```
```toml
# pyproject.toml
[tool.leyden]
schemas = "schemas"
table = "notes"
```
```python
# count.py
import sys
print(len(sys.argv))
sys.exit(3)
```
{OPENED}
```console
$ leyden create note \\
    note_id=n1
attribute ...
$ leyden scan note --json > notes.jsonl
$ cat notes.jsonl
{{...n1...}}
$ python count.py 'a b' c  # with a remark
3
# exit 3
```
```python
app.entities.note.get(note_id="n1").go()    # -> Note(note_id='n1')
```
```{{drawing}} app
:caption: One note.
```
""",
    )
    run = run_page(page, tmp_path / "project")
    assert run.met == 5
    (drawn,) = run.drawings
    assert isinstance(drawn, Drawing)
    assert (drawn.index, drawn.caption) == (None, "One note.")
    assert [item["note_id"] for item in drawn.items] == [{"S": "n1"}]


def test_a_page_may_run_dynamodb_and_keep_versions_of_its_schemas(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        f"""
```yaml
{SCHEMA}```
```toml
# pyproject.toml
[tool.leyden]
schemas = "schemas"
table = "notes"
```
```console
$ leyden local --data notes.jsonl
DynamoDB listens at http://127.0.0.1:8000. ...
  table notes: created
...
$ leyden create note note_id=n1 > out
$ git init -q -b main
$ git add schemas
$ git commit -q -m 'Begin'
$ leyden diff main
...no changes...
```
""",
    )
    assert run_page(page, tmp_path / "project").met == 6


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        ("```{drawing} app\n```", r"page.md:20: the table 'notes' has no items to draw"),
        ("```{drawing} other\n```", r"page.md:20: the program has no service 'other' here"),
        ("```{drawing} engine\n```", r"page.md:20: the program has no service 'engine' here"),
        ("```{drawing} app\n:color: red\n```", r"a drawing has no option \['color'\]"),
    ],
)
def test_a_drawing_needs_a_service_with_items(drawing: str, message: str, tmp_path: Path) -> None:
    page = page_of(tmp_path, f"```yaml\n{SCHEMA}```\n{OPENED}{drawing}\n")
    with pytest.raises(AssertionError, match=message):
        run_page(page, tmp_path / "project")


def test_what_a_command_shows_is_in_the_order_of_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = "import sys; print(1, file=sys.stderr, flush=True); print(2)"
    shown = f"$ python -c '{program}'\n1\n2\n$ python -c '{program}' > out\n1\n$ cat out\n2\n"
    assert run_console(block(shown, "console"), {}) == 3
    init = "$ leyden init cups --empty\nwrote ...go on with:\n  cd cups\n  leyden check\n...\n"
    assert run_console(block(init, "console"), {}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$ python -c 'print(1)'\n2\n", r"page.md:10\n.*says: 2\n.*is: +1"),
        ("$ python -c ''\n$ python -c 'print(1)'\n", r"page.md:11\n.*says: nothing\n.*is: +1"),
        ("$ python -c 'exit(2)'\n# exit 1\n", "page.md:10: the exit code is 2"),
        ("$ python -c 'exit(2)'\n", "page.md:10: the exit code is 2"),
        ("$ leyden chek\n...\n# exit 1\n", "the exit code is 2(.|\n)*mean"),
        ("$ rm -r /\n", "`rm` is not run in console blocks"),
        ("$ cat a | cat\n", "| is not run in console blocks"),
        ("leyden check\n", "a console block begins with"),
    ],
)
def test_commands_that_do_otherwise_name_page_and_line(text: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        run_console(block(text, "console"), {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leyden chek\n", r"page.md:10: No such command 'chek'"),
        ("cd shop\nleyden check --al\n", r"page.md:11: No such option.*--al"),
        ("leyden check | leyden scan \\\n  --limits 3\n", r"page.md:10: No such option.*--limits"),
        ("AWS_REGION=x leyden table . --format terrafrom\n", r"'terrafrom' is not one of"),
    ],
)
def test_calls_that_leyden_would_not_take_name_page_and_line(text: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_commands(block(text, "sh"))


def test_calls_in_shell_texts_are_counted_and_not_run() -> None:
    text = (
        "pip install x\nleyden --help\nleyden scan --help\n"
        "embed 'a b' | leyden search f e.i --vector -\n"
    )
    assert check_commands(block(text, "sh")) == 3
