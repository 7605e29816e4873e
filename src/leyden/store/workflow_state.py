"""The state of a workflow run."""

from __future__ import annotations

from datetime import datetime

from leyden.store.records import JSON
from leyden.types.numbers import epoch_milliseconds


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
