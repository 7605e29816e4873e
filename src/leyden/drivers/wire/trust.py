"""Which servers to trust: the certificates that botocore would check against."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.httpsession import get_cert_path


class Trust:
    """The TLS settings of a botocore session, looked up when the first one is needed.

    `AWS_CA_BUNDLE` or `ca_bundle` of the AWS configuration, else `REQUESTS_CA_BUNDLE`, else the
    certificates that botocore comes with.
    """

    def __init__(self, session: Callable[[], Any]) -> None:
        self._session = session

    @property
    def is_loaded(self) -> bool:
        """Whether the settings have been looked up; reading the certificates takes its time."""
        return "context" in self.__dict__

    def load(self) -> None:
        """Look the settings up now."""
        assert self.context

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The settings. Raises OSError where the bundle cannot be read."""
        given = self._session().get_config_variable("ca_bundle")
        bundle = get_cert_path(given or os.environ.get("REQUESTS_CA_BUNDLE") or True)
        folder = bundle if os.path.isdir(bundle) else None
        return ssl.create_default_context(cafile=None if folder else bundle, capath=folder)
