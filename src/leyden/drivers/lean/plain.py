"""The short way: requests without botocore, where nothing is configured that only botocore knows.

To import botocore and to make its session and client takes a process longer than everything else
up to its first answer, and finds, in a Lambda function or a container, three variables of the
environment. So those are read here. The short way steps aside for anything else that may say
something: an AWS variable that is not known to say nothing, a configuration file, a profile, a
proxy, a region of a partition that is not listed here. It also steps aside where the process has
botocore loaded already: its import is paid for then, and stand-ins for AWS, as tests use them,
have their hooks in botocore.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from leyden._attrs import field, frozen
from leyden.drivers.base import aws
from leyden.drivers.lean.endpoint import Clock, Destination, Signer, new_invocation
from leyden.drivers.lean.exchange import Reader, Send, Sent, WireStep, arns, fresh, plainly_read
from leyden.drivers.lean.messages import PARAMETERS, check_parameters
from leyden.program import Params

_PARTITIONS: Final = (
    # Those with an endpoint of this form for each region; botocore's partitions.json has them all.
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
"""Variables that are read here or by `lean.trust`, or that are not about DynamoDB."""

_SAY_NOTHING_EITHER: Final = ("AWS_LAMBDA_", "AWS_XRAY_")
_FILES: Final = ("config", "credentials", "models")
"""What botocore reads in `~/.aws`; `models` may replace its description of DynamoDB."""

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
"""Variables about credentials, which a botocore session finds."""

_OF_FILES: Final = (
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)
"""Variables about files of configuration, and the profile that counts in them."""

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
"""What a profile may say for everything to be in the files themselves."""

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
"""What a profile may say that is about credentials and region only."""

_CREDENTIALS_FILE: Final = (("AWS_SHARED_CREDENTIALS_FILE", "credentials"),)
_PROXIES: Final = frozenset({"all_proxy", "http_proxy", "https_proxy", "no_proxy"})
_LABEL: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*(:[1-9]\d*)?")
_TARGET: Final = "DynamoDB_20120810"
_LOCAL_REGION: Final = "us-east-1"


@frozen
class PlainCredentials:
    """Credentials that do not change; the names are botocore's."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    account_id: None = None

    def get_frozen_credentials(self) -> PlainCredentials:
        """These."""
        return self


class PlainProfile:
    """Credentials, a region and an endpoint: all that a request needs where nothing is special."""

    def __init__(self, credentials: Any, region: str, url: str) -> None:
        self.credentials = credentials
        self.region = region
        self.url = url
        self._clock = Clock()
        self._signer = Signer(region, "dynamodb")
        self._destinations: dict[str, Destination] = {}

    @classmethod
    def of(
        cls,
        region: str,
        endpoint_url: str | None,
        credentials: Any,
        profile: str | None,
        environment: Mapping[str, str] = os.environ,
        *,
        loaded: bool | None = None,
    ) -> PlainProfile | None:
        """The profile of these arguments and this environment; None where something is special.

        `loaded` says whether botocore is imported already, None to find out.
        """
        if loaded is None:
            loaded = "botocore.client" in sys.modules
        if loaded or profile is not None or _is_special(environment):
            return None
        found = _explicit(credentials) or _in_environment(environment)
        if not (found.access_key and found.secret_key):
            return None
        region = (
            region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
        )
        return cls._at(found, region, endpoint_url)

    @classmethod
    def of_files(
        cls,
        region: str,
        endpoint_url: str | None,
        credentials: Any,
        profile: str | None,
        environment: Mapping[str, str] = os.environ,
        *,
        loaded: bool | None = None,
    ) -> PlainProfile | None:
        """The profile of these arguments, this environment and the files of AWS configuration.

        None where they say more than keys and a region, or anything that is not clear.
        """
        if loaded is None:
            loaded = "botocore.client" in sys.modules
        if loaded or _is_special(environment, _OF_FILES, files=("models",)):
            return None
        named = environment.get("AWS_PROFILE"), environment.get("AWS_DEFAULT_PROFILE")
        if None not in named or "" in named:
            return None
        name = profile or named[0] or named[1] or "default"
        read = _profiles(environment, name)
        if read is None:
            return None
        config, keys = read
        said = {**keys, **config}
        if not said.keys() <= _STATIC or (not said and name != "default"):
            return None
        found = _explicit(credentials)
        if found is None and profile is None and environment.get("AWS_ACCESS_KEY_ID"):
            found = _in_environment(environment)
        if found is None:
            held = keys if "aws_access_key_id" in keys else config
            found = PlainCredentials(
                held.get("aws_access_key_id", ""),
                held.get("aws_secret_access_key", ""),
                held.get("aws_session_token"),
            )
        if not (found.access_key and found.secret_key):
            return None
        # Where the variable is there and empty, botocore looks no further.
        other = environment.get("AWS_DEFAULT_REGION", said.get("region", ""))
        return cls._at(found, region or environment.get("AWS_REGION") or other, endpoint_url)

    @classmethod
    def of_session(
        cls,
        region: str,
        endpoint_url: str | None,
        session: Callable[[], Any],
        environment: Mapping[str, str] = os.environ,
        *,
        loaded: bool | None = None,
    ) -> PlainProfile | None:
        """The profile with credentials and region of a botocore session.

        That spares a process the client, where files and variables say nothing beyond who may send
        and to which region. May fetch credentials. Raises botocore's own errors.
        """
        if loaded is None:
            loaded = "botocore.client" in sys.modules
        if loaded or _is_special(environment, _CREDENTIALS, files=("models",)):
            return None
        made = session()
        if any(name not in _OF_CREDENTIALS for name in made.get_scoped_config()):
            return None
        credentials = made.get_credentials()
        if credentials is None or credentials.get_frozen_credentials().account_id:
            return None
        region = region or environment.get("AWS_REGION") or made.get_config_variable("region") or ""
        return cls._at(credentials, region, endpoint_url)

    @classmethod
    def _at(cls, credentials: Any, region: str, endpoint_url: str | None) -> PlainProfile | None:
        region = region or (_LOCAL_REGION if endpoint_url else "")
        suffixes = (suffix for pattern, suffix in _PARTITIONS if pattern.fullmatch(region))
        suffix = next(suffixes, None)
        if suffix is None:
            return None
        if endpoint_url is None:
            return cls(credentials, region, f"https://dynamodb.{region}.{suffix}/")
        url = _plain_url(endpoint_url)
        return None if url is None else cls(credentials, region, url)

    def destination(self, api: str) -> Destination:
        """Where requests of this call go."""
        made = self._destinations.get(api)
        if made is None:
            version = ".".join(map(str, sys.version_info[:3]))
            kept = {
                "x-amz-target": f"{_TARGET}.{api}",
                "content-type": "application/x-amz-json-1.0",
                "user-agent": f"leyden lang/python#{version} cfg/retry-mode#standard",
            }
            made = self._destinations[api] = Destination.at(self.url, kept, self._signer)
        return made

    def first(
        self, api: str, params: Params, body: bytes, reader: Reader | None
    ) -> Generator[WireStep, Any, dict[str, Any] | Sent | None]:
        """The first attempt of a request: the response, or what came of the attempt instead.

        None where nothing is sent: botocore knows the call, or says what is wrong with it.
        """
        kinds = PARAMETERS.get(api)
        if kinds is None:
            return None
        try:
            check_parameters(params, kinds)
            if arns(params):
                return None
        except (AttributeError, LookupError, TypeError):
            return None
        credentials = yield from fresh(self.credentials)
        if credentials.account_id:
            return None
        destination = self.destination(api)
        invocation = new_invocation()
        data = destination.request(
            credentials, self._clock.now(), body, attempt=1, invocation=invocation
        )
        try:
            answer = yield Send(destination, data)
        except aws.HTTPClientError as error:
            return Sent(invocation, None, error)
        read = plainly_read(answer, api, reader)
        return Sent(invocation, answer, None) if read is None else read


def _is_special(
    environment: Mapping[str, str],
    known: tuple[str, ...] = (),
    files: tuple[str, ...] = _FILES,
) -> bool:
    """Whether anything may be configured beyond credentials and region.

    `known` are names, or their beginnings, of variables that may be there beside the usual ones.
    """
    if sys.platform in ("darwin", "win32"):
        # The system's own settings may name a proxy.
        return True
    for name in environment:
        if name.startswith(("AWS_", "BOTO")):
            if name not in _SAY_NOTHING and not name.startswith((*_SAY_NOTHING_EITHER, *known)):
                return True
        elif name.lower() in _PROXIES:
            return True
    folder = os.path.join(os.path.expanduser("~"), ".aws")
    return any(os.path.lexists(os.path.join(folder, name)) for name in files)


def _explicit(given: Any) -> PlainCredentials | None:
    if given is None:
        return None
    return PlainCredentials(given.access_key_id, given.secret_access_key, given.session_token)


def _in_environment(environment: Mapping[str, str]) -> PlainCredentials:
    return PlainCredentials(
        environment.get("AWS_ACCESS_KEY_ID", ""),
        environment.get("AWS_SECRET_ACCESS_KEY", ""),
        environment.get("AWS_SESSION_TOKEN") or None,
    )


def _profiles(
    environment: Mapping[str, str], name: str
) -> tuple[dict[str, str], dict[str, str]] | None:
    """What the files of configuration and of credentials say of a profile.

    None where botocore may read them otherwise than Python's own parser does.
    """
    from configparser import Error, RawConfigParser

    found = []
    for variable, file in (("AWS_CONFIG_FILE", "config"), *_CREDENTIALS_FILE):
        path = environment.get(variable, f"~/.aws/{file}")
        if not path:
            return None
        parser = RawConfigParser()
        try:
            parser.read([os.path.expanduser(os.path.expandvars(path))])
        except (Error, UnicodeDecodeError, OSError):
            return None
        values = [value for one in parser.sections() for _, value in parser.items(one)]
        if any(value.startswith("\n") for value in values):
            # A block of settings below a name, or what botocore finds is none.
            return None
        sections = [name]
        if variable == "AWS_CONFIG_FILE":
            sections = [f"profile {name}", *(["default"] if name == "default" else [])]
            # botocore splits the names of sections as a shell does, and takes `profiles x` too.
            for section in parser.sections():
                is_other_way = section.startswith("profile") and section not in sections
                if is_other_way and section.split()[1:] == [name]:
                    return None
                if any(sign in section for sign in "\"'\\"):
                    return None
        there = [section for section in sections if parser.has_section(section)]
        if len(there) > 1 or parser.defaults():
            return None
        found.append(dict(parser.items(there[0])) if there else {})
    return found[0], found[1]


def _plain_url(endpoint_url: str) -> str | None:
    """The address as botocore writes it; None where that might differ."""
    parts = urlsplit(endpoint_url)
    if parts.path not in ("", "/") or parts.query or parts.fragment or "?" in endpoint_url:
        return None
    if not _HOST.fullmatch(parts.netloc):
        return None
    return f"{parts.scheme}://{parts.netloc}/"
