"""The state of a workflow run."""

from __future__ import annotations

from datetime import datetime

from leyden.compile.times import epoch_milliseconds
from leyden.store.records import JSON


def pending(run_id: str, now: datetime) -> dict[str, JSON]:
    """The state of a run of which nothing is stored, as the TypeScript client begins it."""
    return {
        "context": {},
        "activePaths": [],
        "timestamp": epoch_milliseconds(now),
        "suspendedPaths": {},
        "activeStepsPath": {},
        "resumeLabels": {},
        "serializedStepGraph": [],
        "status": "pending",
        "value": {},
        "waitingPaths": {},
        "runId": run_id,
        "requestContext": {},
    }
