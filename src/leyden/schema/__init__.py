"""The schema language: read YAML into frozen specs, and report every fault with its place.

>>> service = load_service("schemas/taskapp")                       # doctest: +SKIP
>>> service.entities["task"].primary.pk.composite                   # doctest: +SKIP
('project_id',)
"""

from typing import TYPE_CHECKING

from leyden._late import from_modules

if TYPE_CHECKING:
    from leyden.schema.editors import json_schema
    from leyden.schema.expressions import (
        ExpressionError,
        ParsedExpression,
        check_calls,
        parse_expression,
    )
    from leyden.schema.faults import CODES, DANGERS, Fault
    from leyden.schema.language import KEY_TYPES, PATTERN_TYPES, SET_TYPES
    from leyden.schema.loading import CheckResult, check_service, load_checked, load_service
    from leyden.schema.migrations import (
        BEFORE_FIELD,
        AttributeChange,
        EntityMigration,
        MigrationSpec,
        check_against,
        load_migration,
    )
    from leyden.schema.regexps import UnboundedPatternError, may_hold, searching
    from leyden.schema.settings import Capacity, Provisioned, TableSettings
    from leyden.schema.shapes import TAKEN_ALIASES, TAKEN_ATTRIBUTES, is_name
    from leyden.schema.sources import Texts, texts_of
    from leyden.schema.spec import (
        ENTITY_FIELD,
        OVERFLOW_FIELD,
        VERSION_FIELD,
        After,
        AttributeSpec,
        Bucket,
        Call,
        EntitySpec,
        Generate,
        IndexSpec,
        JMESPath,
        Judge,
        KeySpec,
        Literal,
        Padding,
        SearchSpec,
        ServiceSpec,
        Slug,
        Span,
        TableIndexSpec,
        TableSpec,
    )
else:
    # Code that only names a spec's class needs neither YAML nor the rules, so these load late.
    __getattr__ = from_modules(
        __name__,
        editors="json_schema",
        expressions="ExpressionError ParsedExpression check_calls parse_expression",
        faults="CODES DANGERS Fault",
        language="KEY_TYPES PATTERN_TYPES SET_TYPES",
        loading="CheckResult check_service load_checked load_service",
        migrations="BEFORE_FIELD AttributeChange EntityMigration MigrationSpec check_against "
        "load_migration",
        regexps="UnboundedPatternError may_hold searching",
        settings="Capacity Provisioned TableSettings",
        shapes="TAKEN_ALIASES TAKEN_ATTRIBUTES is_name",
        sources="Texts texts_of",
        spec="ENTITY_FIELD OVERFLOW_FIELD VERSION_FIELD After AttributeSpec Bucket Call "
        "EntitySpec Generate IndexSpec JMESPath Judge KeySpec Literal Padding SearchSpec "
        "ServiceSpec Slug Span TableIndexSpec TableSpec",
    )

__all__ = [
    "BEFORE_FIELD",
    "CODES",
    "DANGERS",
    "ENTITY_FIELD",
    "KEY_TYPES",
    "OVERFLOW_FIELD",
    "PATTERN_TYPES",
    "SET_TYPES",
    "TAKEN_ALIASES",
    "TAKEN_ATTRIBUTES",
    "VERSION_FIELD",
    "After",
    "AttributeChange",
    "AttributeSpec",
    "Bucket",
    "Call",
    "Capacity",
    "CheckResult",
    "EntityMigration",
    "EntitySpec",
    "ExpressionError",
    "Fault",
    "Generate",
    "IndexSpec",
    "JMESPath",
    "Judge",
    "KeySpec",
    "Literal",
    "MigrationSpec",
    "Padding",
    "ParsedExpression",
    "Provisioned",
    "SearchSpec",
    "ServiceSpec",
    "Slug",
    "Span",
    "TableIndexSpec",
    "TableSettings",
    "TableSpec",
    "Texts",
    "UnboundedPatternError",
    "check_against",
    "check_calls",
    "check_service",
    "is_name",
    "json_schema",
    "load_checked",
    "load_migration",
    "load_service",
    "may_hold",
    "parse_expression",
    "searching",
    "texts_of",
]
