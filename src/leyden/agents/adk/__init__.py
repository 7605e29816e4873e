"""Sessions of Google's Agent Development Kit, on DynamoDB.

::

    from google.adk.runners import Runner
    from leyden.agents.adk import LeydenSessionService

    service = LeydenSessionService("agents")
    runner = Runner(app_name="app", agent=agent, session_service=service)

`pip install "leyden[adk]"` installs what it needs.
"""

try:
    import google.adk.sessions as _needed
except ImportError as error:
    raise ImportError('leyden.agents.adk needs google-adk: pip install "leyden[adk]"') from error

from leyden.agents.adk.service import LeydenSessionService
from leyden.agents.adk.steps import StaleSessionError

__all__ = ["LeydenSessionService", "StaleSessionError"]

del _needed
