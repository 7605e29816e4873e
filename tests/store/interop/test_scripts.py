"""What one side writes the other reads, changes and deletes, and both leave the same items."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.store.interop.bounds import bounded, on_dynamodb_local
from tests.store.interop.checks import compare_reads, run
from tests.store.interop.scripts import Script, memory_scripts, workflow_scripts
from tests.store.interop.twins import Twins

pytestmark = [pytest.mark.node, on_dynamodb_local]


@bounded
@given(script=memory_scripts())
def test_calls_of_memory_leave_the_same_items_and_answers(twins: Twins, script: Script) -> None:
    run(twins, script)
    compare_reads(twins, script)


@bounded
@given(script=workflow_scripts())
def test_calls_of_workflows_leave_the_same_items_and_answers(twins: Twins, script: Script) -> None:
    run(twins, script)
    compare_reads(twins, script)
