"""A short way into moto for DynamoDB's requests.

A third of the time that moto's server takes for a request goes into Flask, and into finding out
which of some two hundred services it is for. Requests that name DynamoDB themselves go straight to
the class that answers them. On the way, results that moto computes for each request are cached.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache, wraps
from io import BytesIO
from typing import Any, Final

from leyden.engine.corrections import WSGI, Environ

_TARGET: Final = "DynamoDB_20120810."
_SIGNED: Final = "/dynamodb/aws4_request"
_JSON: Final = "application/x-amz-json-1.0"
_EXPRESSIONS: Final = 512
"""How many parsed expressions are kept."""


@lru_cache(maxsize=1)
def keep_what_moto_works_out() -> None:
    """Cache what moto works out for each request: method names, members, expressions."""
    from moto.core import responses
    from moto.core.serialize import JSONSerializer

    of_moto: Any = responses
    of_moto.method_names_from_class = lru_cache(maxsize=None)(of_moto.method_names_from_class)
    serializer: Any = JSONSerializer
    serialize = serializer._serialize_type_structure

    @wraps(serialize)
    def serialized(self: Any, into: Any, value: Any, shape: Any, key: str) -> None:
        members = shape.members
        if type(value) is not dict or not value.keys() <= members.keys():
            serialize(self, into, value, shape, key)
            return
        # moto looks for each member under all names that a Python object may have for it. A dict
        # with DynamoDB's own names needs only those.
        whole = self.MAP_TYPE() if key else into
        for name, member in members.items():
            found = value.get(name)
            if type(found) is str and member.type_name == "string" and not member.serialization:
                whole[name] = found
            elif found is not None:
                member.parent = shape
                self._serialize(whole, found, member, name)
        if key:
            self._default_serialize(into, whole, shape, key)

    serializer._serialize_type_structure = serialized
    _keep_expressions()


def _keep_expressions() -> None:
    """Let moto parse each expression once, and walk the trees of updates faster.

    moto parses an expression twice for each request. It changes only copies of an update's tree,
    so the tree can be kept. It changes the tokens of a condition, so each parse gets its own.
    """
    from moto.dynamodb.comparisons import ConditionExpressionParser
    from moto.dynamodb.parsing import ast_nodes, expressions

    of_updates: Any = expressions
    of_trees: Any = ast_nodes
    conditions: Any = ConditionExpressionParser
    updates, traverser = of_updates.UpdateExpressionParser, of_trees.DepthFirstTraverser
    lex = conditions._lex_condition_expression
    # Whether a child is a node, and whether that kind of traverser processes such nodes.
    kinds: dict[tuple[type, type], tuple[bool, bool]] = {}

    updates.make = lru_cache(maxsize=_EXPRESSIONS)(updates.make)

    @lru_cache(maxsize=_EXPRESSIONS)
    def tokens(expression: str) -> Any:
        return lex(conditions(expression, None, None))

    @wraps(lex)
    def lexed(self: Any) -> Any:
        return deque(one._replace(children=[]) for one in tokens(self.condition_expression))

    @wraps(traverser.traverse_node_recursively)
    def traversed(self: Any, node: Any, child_id: int = -1) -> Any:
        key = (type(self), type(node))
        if key not in kinds:
            kinds[key] = (
                isinstance(node, of_trees.Node),
                isinstance(node, self.nodes_to_be_processed()),
            )
        is_node, is_processed = kinds[key]
        if not is_node:
            return node
        parent = node.parent
        for position, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, position)
            traversed(self, child, position)
        if is_processed:
            node = self.process(node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    conditions._lex_condition_expression = lexed
    traverser.traverse_node_recursively = traversed


class Direct:
    """Wraps moto's application and answers DynamoDB's requests without its router.

    Requests of browsers, unsigned requests, and those for streams and other services go to moto.
    """

    def __init__(self, app: WSGI) -> None:
        from moto.dynamodb.responses import DynamoHandler
        from moto.moto_server.werkzeug_app import BackendRequest

        self._app = app
        self._handler: Any = DynamoHandler
        self._request: Any = BackendRequest

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request whose body has been read."""
        if (
            environ.get("REQUEST_METHOD") != "POST"
            or environ.get("PATH_INFO") != "/"
            or not environ.get("HTTP_X_AMZ_TARGET", "").startswith(_TARGET)
            or _SIGNED not in environ.get("HTTP_AUTHORIZATION", "")
            # A browser needs the headers that allow it to read the answer.
            or "HTTP_ORIGIN" in environ
            or type(environ["wsgi.input"]) is not BytesIO
        ):
            return self._app(environ, start_response)
        from werkzeug.exceptions import HTTPException
        from werkzeug.http import HTTP_STATUS_CODES

        request = self._request(environ)
        try:
            status, headers, body = self._handler.dispatch(
                request, request.raw_url, dict(request.headers)
            )
        except HTTPException as refused:
            return refused.get_response(environ)(environ, start_response)
        content = body.encode() if isinstance(body, str) else body
        said = {name.lower(): (name, str(value)) for name, value in headers.items()}
        said.setdefault("content-type", ("Content-Type", _JSON))
        said["content-length"] = ("Content-Length", str(len(content)))
        start_response(f"{status} {HTTP_STATUS_CODES.get(int(status), '')}", [*said.values()])
        return [content]
