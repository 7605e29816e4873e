"""What the layers above may ask of a driver."""

from __future__ import annotations

from typing import Protocol, TypeVar

from pynamodb.models import Model

from leyden.events import Callback, Listener
from leyden.program import Program, Request, Response

T = TypeVar("T")


class Driver(Protocol):
    """Runs programs: sends what they ask for and hands them what comes back."""

    def run(self, program: Program[T]) -> T:
        """Run `program` to its end and return its result."""

    def send(self, request: Request) -> Response:
        """Send one request. Raises a LeydenError when it fails."""

    def listen(self, callback: Callback) -> Listener:
        """Call `callback` with the events of this driver."""

    def attach(self, model: type[Model]) -> None:
        """Let a PynamoDB model send through this driver's connection."""

    def close(self) -> None:
        """Close the driver's connections."""
