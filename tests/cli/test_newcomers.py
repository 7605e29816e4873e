"""What somebody new to the command line gets wrong, and whether the message says what to do."""

from __future__ import annotations

import pytest

from tests.cli.conftest import TASKAPP, OnTable, leyden_command


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("query", "task"), 2, "must be ENTITY.PATTERN for a query: task.project, task.assigned"),
        (
            ("query", "assigned", "employee_id=e"),
            2,
            "must be ENTITY.PATTERN for a query: task.assigned\n",
        ),
        (("query", "task.by_stattus"), 2, "it has project, assigned"),
        (("query", "task.asigned"), 2, 'did you mean "assigned"?'),
        (("query", "task.assigned"), 1, 'needs "employee_id" as well: employee_id=VALUE'),
        (("query", "task.assigned", "status=open"), 1, "filter with --where\n"),
        (("query", "task.project", "project_id=p", "--desc"), 2, "write --order desc"),
        (
            ("query", "task.project", "project_id=p", "--gt", "points=1"),
            1,
            "it is not in the sort key; filter on it with --where",
        ),
        (
            ("query", "task.project", "project_id=p", "--where", "points > 1 && done = true"),
            2,
            'write "and"',
        ),
        (("get", "task"), 1, "project_id=VALUE task_id=VALUE"),
        (("get", "task", "t1"), 2, "as in project_id=x"),
        (("get", "task", "project_id", "=", "p"), 2, "without spaces around the ="),
        (("get", "task", "project_id:", "p"), 2, "as in project_id=x"),
        (("get", "task", "--project_id", "p"), 2, "has no dashes: project_id=VALUE"),
        (("put", "task", '{"task_id": "t"}'), 2, "--json-item"),
        (("get", "task", "--jsno"), 2, "--json"),
        (("scan", "task", "--gt", "task_id=a"), 2, "--where 'points > 3'"),
        (("scan", "task.assigned"), 2, "leyden scan task --index assigned"),
        (("scan", "collections.overview"), 2, "`leyden query` reads a collection"),
        (("search", "task", "--vector", "-"), 2, "the schemas have none"),
        (("export",), 2, "--to FILE, or --to - for standard output"),
    ],
)
def test_a_wrong_command_says_what_to_do(
    on_table: OnTable, arguments: tuple[str, ...], code: int, said: str
) -> None:
    command, *rest = arguments
    result = on_table(command, *rest, stdin="[1]")
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("list", 'did you mean "scan"?'),
        ("insert", 'did you mean "create"?'),
        ("rm", 'did you mean "delete"?'),
        ("chek", 'did you mean "check"?'),
        ("frobnicate", "see `leyden --help`"),
    ],
)
def test_a_command_of_another_tool_is_understood(word: str, said: str) -> None:
    result = leyden_command(word, TASKAPP)
    assert result.exit_code == 2
    assert said in result.stderr
