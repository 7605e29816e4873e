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
    """A file of certificates that a setting on this machine names."""

    setting: str
    path: str

    @classmethod
    def named(cls, session: Any) -> Bundle | None:
        """Return the bundle that the settings name, or None if none does.

        The order is `AWS_CA_BUNDLE`, `ca_bundle` of the AWS profile, `REQUESTS_CA_BUNDLE`;
        `session` is None if there is no profile. Raises InvalidOptionError for an empty setting.
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
        """Return TLS settings that trust these certificates. Raises InvalidOptionError."""
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
            f'{self.setting} names a file of certificates to trust, but "{self.path}" {why}; '
            "correct the setting, or remove it to trust the usual authorities"
        )


class Trust:
    """The TLS settings of a connection, which are loaded when a request first needs them.

    They trust the bundle that `named` returns or, if it returns None, botocore's certificates.
    """

    def __init__(self, named: Callable[[], Bundle | None]) -> None:
        self._named = named
        self._context: ssl.SSLContext | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the settings are loaded; reading the certificates is slow."""
        return self._context is not None

    def load(self) -> None:
        """Load the settings now. Raises InvalidOptionError, as `context` does."""
        assert self.context

    @property
    def context(self) -> ssl.SSLContext:
        """The TLS settings. Raises InvalidOptionError if the named bundle cannot be read."""
        # Two threads may both read the certificates; a lock could stay locked in a forked process.
        if self._context is None:
            named = self._named()
            if named is None:
                context = ssl.create_default_context(cafile=authorities())
            else:
                context = named.read()
            # Newer Pythons check an authority's own certificate more strictly than botocore does.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._context = context
        return self._context


def authorities() -> str:
    """Return the file of certificates that botocore trusts unless another one is named.

    It is certifi's, if that is installed, or else the one in botocore; both are found without
    importing the package.
    """
    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            file = Path(folder, "cacert.pem")
            if file.is_file():
                return str(file)
    from botocore.httpsession import get_cert_path

    return str(get_cert_path(True))
