"""The fast path without botocore, for configurations that do not need it.

Importing botocore and making its session and client takes a process longer than everything else up
to its first answer. In a Lambda function or a container, all it finds are three environment
variables. So this module reads those, and AWS configuration files that have only keys and a region.
If credentials have to be fetched, a botocore session fetches them, which still saves the client.

AWS has many rules about where settings may be, and botocore knows them. Whenever anything else
might matter, it is left to botocore: an AWS variable that is not known to be irrelevant, any other
setting of a profile, a proxy, a region of a partition that is not listed here. The same goes for a
process that has loaded botocore already: its import has been paid for, and stand-ins for AWS, as
tests use them, hook into botocore.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from leyden._attrs import field, frozen
from leyden.drivers.base import BOTOCORE_NEEDED
from leyden.drivers.lean.endpoint import Destination, Signer
from leyden.drivers.lean.exchange import Profile, Where

_PARTITIONS: Final = (
    # Partitions with an endpoint of this form in each region; botocore's partitions.json has all.
    (re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+"), "amazonaws.com"),
    (re.compile(r"cn-\w+-\d+"), "amazonaws.com.cn"),
)
_SAY_NOTHING: Final = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_CA_BUNDLE",
        "AWS_DEFAULT_OUTPUT",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_PAGER",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
)
"""Variables that are read here or by `lean.trust`, or that do not concern DynamoDB."""

_SAY_NOTHING_EITHER: Final = ("AWS_LAMBDA_", "AWS_XRAY_")
_FILES: Final = ("config", "credentials", "models")
"""The files that botocore reads in `~/.aws`; `models` may replace its description of DynamoDB."""

_CREDENTIALS: Final = (
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_EC2_METADATA_",
    "AWS_METADATA_",
    "AWS_PROFILE",
    "AWS_ROLE_",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables about credentials, for which a botocore session is enough."""

_OF_FILES: Final = (
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)
"""Variables about configuration files and the profile to use from them."""

_STATIC: Final = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "cli_pager",
        "output",
        "region",
    }
)
"""Settings of a profile that do not refer to anything outside the files."""

_OF_CREDENTIALS: Final = _STATIC | frozenset(
    {
        "credential_process",
        "credential_source",
        "duration_seconds",
        "external_id",
        "mfa_serial",
        "role_arn",
        "role_session_name",
        "source_profile",
        "sso_account_id",
        "sso_region",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    }
)
"""Settings of a profile that concern only credentials and the region."""

_PROXIES: Final = frozenset({"all_proxy", "http_proxy", "https_proxy", "no_proxy"})
_LABEL: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*(:[1-9]\d*)?")
_TARGET: Final = "DynamoDB_20120810"
_LOCAL_REGION: Final = "us-east-1"


@frozen
class PlainCredentials:
    """Credentials that do not change, with botocore's names."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether both keys are there."""
        return bool(self.access_key and self.secret_key)


class PlainProfile(Profile):
    """Credentials, a region and an endpoint: all that a request needs in a plain configuration."""

    def __init__(self, credentials: Any, region: str, url: str, search_url: str) -> None:
        super().__init__(credentials)
        self.region = region
        self.url = url
        self.search_url = search_url
        """The address for searches of vector indexes, which have a host of their own."""
        self._signer = Signer(region, "dynamodb")

    def locate(self, where: Where) -> Destination | None:
        """Return where requests go, or None for requests of an account or with a table's ARN.

        Also returns None for an API call that is newer than the installed botocore. botocore could
        not handle its failures, and says which version is needed.
        """
        api, account, named = where
        if account or named or not _is_known(api):
            return None
        version = ".".join(map(str, sys.version_info[:3]))
        kept = {
            "x-amz-target": f"{_TARGET}.{api}",
            "content-type": "application/x-amz-json-1.0",
            "user-agent": f"leyden lang/python#{version} cfg/retry-mode#standard",
        }
        url = self.search_url if api == "SearchVectors" else self.url
        made = self.destinations[where] = Destination.at(url, kept, self._signer)
        return made


@frozen
class Surroundings:
    """The arguments of a connection and its environment, from which a profile may be made.

    The methods return None if there are settings that they do not read, or anything is unclear.
    `credentials` are `leyden.drivers.Credentials`.
    """

    region: str
    endpoint_url: str | None
    credentials: Any = None
    profile: str | None = None
    environment: Mapping[str, str] = os.environ

    def plain_profile(self, session: Callable[[], Any]) -> PlainProfile | None:
        """Return the profile that costs least to find; `session` makes botocore's session."""
        if "botocore.client" in sys.modules:
            return None
        return self.from_environment() or self.from_files() or self.from_session(session)

    def from_environment(self) -> PlainProfile | None:
        """Return the profile from the arguments and the environment alone."""
        if self.profile is not None or _is_special(self.environment):
            return None
        found = self._explicit or self._in_environment
        region = self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION")
        return self._plain(found, region) if found.is_whole else None

    def from_files(self) -> PlainProfile | None:
        """Return the profile from the arguments, the environment and AWS configuration files."""
        environment = self.environment
        if _is_special(environment, _OF_FILES, files=("models",)):
            return None
        named = environment.get("AWS_PROFILE"), environment.get("AWS_DEFAULT_PROFILE")
        if None not in named or "" in named:
            return None
        name = self.profile or named[0] or named[1] or "default"
        config = _read_profile(
            environment.get("AWS_CONFIG_FILE", "~/.aws/config"), name, is_config=True
        )
        keys = _read_profile(
            environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), name
        )
        if config is None or keys is None:
            return None
        said = {**keys, **config}
        if not said.keys() <= _STATIC or (not said and name != "default"):
            return None
        found = self._explicit
        if found is None and self.profile is None and environment.get("AWS_ACCESS_KEY_ID"):
            found = self._in_environment
        if found is None:
            held = keys if "aws_access_key_id" in keys else config
            found = PlainCredentials(
                held.get("aws_access_key_id", ""),
                held.get("aws_secret_access_key", ""),
                held.get("aws_session_token"),
            )
        # If AWS_DEFAULT_REGION is set but empty, botocore looks no further.
        other = environment.get("AWS_DEFAULT_REGION", said.get("region"))
        region = environment.get("AWS_REGION") or other
        return self._plain(found, region) if found.is_whole else None

    def from_session(self, session: Callable[[], Any]) -> PlainProfile | None:
        """Return the profile with the credentials and region of a botocore session.

        This spares a process the client if files and variables concern only credentials and the
        region. May fetch credentials. Raises botocore's own errors.
        """
        if _is_special(self.environment, _CREDENTIALS, files=("models",)):
            return None
        made = session()
        if any(name not in _OF_CREDENTIALS for name in made.get_scoped_config()):
            return None
        credentials = made.get_credentials()
        if credentials is None or credentials.get_frozen_credentials().account_id:
            return None
        region = self.environment.get("AWS_REGION") or made.get_config_variable("region")
        return self._plain(credentials, region)

    @property
    def _explicit(self) -> PlainCredentials | None:
        given = self.credentials
        if given is None:
            return None
        return PlainCredentials(given.access_key_id, given.secret_access_key, given.session_token)

    @property
    def _in_environment(self) -> PlainCredentials:
        return PlainCredentials(
            self.environment.get("AWS_ACCESS_KEY_ID", ""),
            self.environment.get("AWS_SECRET_ACCESS_KEY", ""),
            self.environment.get("AWS_SESSION_TOKEN") or None,
        )

    def _plain(self, credentials: Any, found: str | None) -> PlainProfile | None:
        region = self.region or found or (_LOCAL_REGION if self.endpoint_url else "")
        suffixes = (suffix for pattern, suffix in _PARTITIONS if pattern.fullmatch(region))
        suffix = next(suffixes, None)
        if suffix is None:
            return None
        if self.endpoint_url is None:
            host = f"dynamodb.{region}.{suffix}/"
            return PlainProfile(credentials, region, f"https://{host}", f"https://search-{host}")
        # If botocore might write the address differently, it has to write it.
        parts = urlsplit(self.endpoint_url)
        is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
        if not is_bare or "?" in self.endpoint_url or not _HOST.fullmatch(parts.netloc):
            return None
        url = f"{parts.scheme}://{parts.netloc}/"
        return PlainProfile(credentials, region, url, url)


def _is_known(api: str) -> bool:
    """Return whether the installed botocore has an API call, judged by its version."""
    needed = BOTOCORE_NEEDED.get(api)
    if needed is None:
        return True
    # Importing only the package costs next to nothing, unlike its client.
    import botocore

    installed = re.findall(r"\d+", botocore.__version__)
    return list(map(int, installed[:3])) >= list(map(int, needed.split(".")))


def _is_special(
    environment: Mapping[str, str],
    known: tuple[str, ...] = (),
    files: tuple[str, ...] = _FILES,
) -> bool:
    """Return whether anything may be configured beyond credentials and region.

    `known` has names of variables, or beginnings of names, that are allowed beside the usual ones.
    """
    if sys.platform in ("darwin", "win32"):
        # The system's own settings may include a proxy.
        return True
    for name in environment:
        if name.startswith(("AWS_", "BOTO")):
            if name not in _SAY_NOTHING and not name.startswith((*_SAY_NOTHING_EITHER, *known)):
                return True
        elif name.lower() in _PROXIES:
            return True
    folder = os.path.join(os.path.expanduser("~"), ".aws")
    return any(os.path.lexists(os.path.join(folder, name)) for name in files)


def _read_profile(path: str, name: str, *, is_config: bool = False) -> dict[str, str] | None:
    """Return the settings of a profile in a credentials file or a configuration file.

    Returns None if botocore may read the file differently from Python's parser.
    """
    from configparser import Error, RawConfigParser

    if not path:
        return None
    parser = RawConfigParser()
    try:
        parser.read([os.path.expanduser(os.path.expandvars(path))])
    except (Error, UnicodeDecodeError, OSError):
        return None
    values = [value for one in parser.sections() for _, value in parser.items(one)]
    if parser.defaults() or any(value.startswith("\n") for value in values):
        # A nested block of settings, or sections that botocore reads differently.
        return None
    sections = [name]
    if is_config:
        sections = [f"profile {name}", *(["default"] if name == "default" else [])]
        # botocore splits section names as a shell does, and also accepts `profiles x`.
        for section in parser.sections():
            is_other_way = section.startswith("profile") and section not in sections
            if is_other_way and section.split()[1:] == [name]:
                return None
            if any(sign in section for sign in "\"'\\"):
                return None
    there = [section for section in sections if parser.has_section(section)]
    if len(there) > 1:
        return None
    return dict(parser.items(there[0])) if there else {}
