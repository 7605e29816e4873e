"""What one side writes the other reads, changes and deletes, and both leave the same items."""

from __future__ import annotations

import pytest

from tests.store.interop.bounds import for_examples, on_dynamodb_local
from tests.store.interop.checks import compare_reads, run
from tests.store.interop.scripts import Script, memory_scripts, workflow_scripts
from tests.store.interop.twins import Twins

pytestmark = [pytest.mark.node, on_dynamodb_local]


def test_calls_of_memory_leave_the_same_items_and_answers(twins: Twins) -> None:
    for_examples(twins, memory_scripts(), lambda script: _compare(twins, script))


def test_calls_of_workflows_leave_the_same_items_and_answers(twins: Twins) -> None:
    for_examples(twins, workflow_scripts(), lambda script: _compare(twins, script))


def _compare(twins: Twins, script: Script) -> None:
    run(twins, script)
    compare_reads(twins, script)
