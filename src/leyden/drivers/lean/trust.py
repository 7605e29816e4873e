"""Which servers to trust: the certificates that botocore would check against."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from leyden._attrs import frozen
from leyden.drivers.base import ssl
from leyden.errors import InvalidOptionError


@frozen
class Bundle:
    """A file of certificates that something on this machine names."""

    setting: str
    path: str

    @classmethod
    def named(cls, session: Any) -> Bundle | None:
        """The bundle that a botocore session is told to use, None where nothing is said.

        `AWS_CA_BUNDLE`, else `ca_bundle` of the AWS profile, else `REQUESTS_CA_BUNDLE`; `session`
        is None where there is no profile. Raises InvalidOptionError for a setting without a name
        in it.
        """
        if session is None:
            path = os.environ.get("AWS_CA_BUNDLE")
        else:
            path = session.get_config_variable("ca_bundle")
        if path is None:
            setting, path = "REQUESTS_CA_BUNDLE", os.environ.get("REQUESTS_CA_BUNDLE")
        elif "AWS_CA_BUNDLE" in os.environ:
            setting = "AWS_CA_BUNDLE"
        else:
            setting = f'ca_bundle of the AWS profile "{session.profile or "default"}"'
        if path is None:
            return None
        if not path.strip():
            raise InvalidOptionError(
                f"{setting} is set and empty; name a file of certificates, or remove the setting"
            )
        return cls(setting, path)

    def read(self) -> ssl.SSLContext:
        """Settings that trust these certificates. Raises InvalidOptionError."""
        try:
            return ssl.create_default_context(cafile=self.path)
        except ssl.SSLError as error:
            raise self._unfit("holds no certificates in PEM format") from error
        except FileNotFoundError as error:
            raise self._unfit("does not exist") from error
        except OSError as error:
            raise self._unfit(f"cannot be read ({error.strerror})") from error

    def _unfit(self, why: str) -> InvalidOptionError:
        return InvalidOptionError(
            f'{self.setting} names the certificates to trust, and the file "{self.path}" {why}; '
            "correct the setting, or remove it to trust the usual authorities"
        )


class Trust:
    """The TLS settings of a connection, looked up when the first of its requests needs them.

    The certificates are those of the bundle that `named` gives, or the ones that botocore uses
    where it gives None.
    """

    def __init__(self, named: Callable[[], Bundle | None]) -> None:
        self._named = named
        self._context: ssl.SSLContext | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the settings have been looked up; reading the certificates takes its time."""
        return self._context is not None

    def load(self) -> None:
        """Look the settings up now. Raises InvalidOptionError, as `context` does."""
        assert self.context

    @property
    def context(self) -> ssl.SSLContext:
        """The settings. Raises InvalidOptionError where the named bundle cannot be read."""
        # Two threads may both read the certificates; a lock would stay shut in a forked process.
        if self._context is None:
            named = self._named()
            if named is None:
                context = ssl.create_default_context(cafile=authorities())
            else:
                context = named.read()
            # Newer Pythons ask more of an authority's own certificate than botocore does.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._context = context
        return self._context


def authorities() -> str:
    """The file of certificates that botocore trusts where no other is named.

    It is that of certifi, where that is installed, or the one that botocore comes with; both are
    found without importing them.
    """
    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            file = Path(folder, "cacert.pem")
            if file.is_file():
                return str(file)
    from botocore.httpsession import get_cert_path

    return str(get_cert_path(True))
