"""IAM policies as documents: JSON, CloudFormation and Terraform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from leyden._text import quoted
from leyden.errors import InvalidOptionError
from leyden.provision.hcl import Block, Encoded, Raw, write_hcl
from leyden.provision.statements import Permissions, Statement

__all__ = ["ROLES", "iam_cloudformation", "iam_json", "iam_terraform"]

ROLES: Final = ("lambda",)
"""The services that may assume a role made with `role=`."""

_VERSION: Final = "2012-10-17"
_LOGS: Final = "service-role/AWSLambdaBasicExecutionRole"
"""The policy that lets a function write its log."""

Arn = Callable[[str, str, str], Any]
"""Returns the ARN for a service, a Region (or "" for the deployment's) and a path."""


def iam_json(
    permissions: Permissions,
    *,
    region: str | None = None,
    account: str | None = None,
    role: str | None = None,
) -> dict[str, Any]:
    """Return the policy for `aws iam create-policy --policy-document`.

    `region` and `account` go into its ARNs. Without them, the policy applies to the table of that
    name in every Region of its account. With `role`, the policy is the `PolicyDocument` of the
    result, which also has the role's `AssumeRolePolicyDocument` and the `ManagedPolicyArns` to
    attach.

    Raises InvalidOptionError for a tenant's policy with a role, which would take two roles.
    """
    partition = "aws"
    for start in ("cn", "us-gov"):
        if region is not None and region.startswith(f"{start}-"):
            partition = f"aws-{start}"

    def arn(service: str, other: str, path: str) -> str:
        where = f"{other or region or '*'}:{account or '*'}"
        return f"arn:{partition}:{service}:{where}:{path}"

    regions = permissions.regions if region else ()
    document = _document(permissions, arn, regions)
    if _checked_role(role, permissions) is None:
        return document
    if permissions.tenant is not None:
        raise InvalidOptionError(
            "a function that works for tenants needs two roles, its own and one that it assumes "
            "with a tenant's name; write them as cloudformation or terraform"
        )
    return {
        "AssumeRolePolicyDocument": _TRUSTS_LAMBDA,
        "ManagedPolicyArns": [f"arn:{partition}:iam::aws:policy/{_LOGS}"],
        "PolicyDocument": document,
    }


def iam_cloudformation(permissions: Permissions, *, role: str | None = None) -> dict[str, Any]:
    """Return a template with the policy, for the table in the stack's own account and Region.

    With `role`, the template also has the role of a Lambda function. For a tenant's policy it has
    two: the function's own role, and one that it assumes with the tenant's name as a tag.
    """

    def arn(service: str, other: str, path: str) -> dict[str, str]:
        where = f"{other or '${AWS::Region}'}:${{AWS::AccountId}}"
        return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:{where}:{path}"}

    document = _document(permissions, arn, permissions.regions)
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    resources: dict[str, Any] = {"TablePolicy": policy}
    attached: list[Any] = [{"Ref": "TablePolicy"}]
    logs = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{_LOGS}"}
    tenant = permissions.tenant
    outputs: dict[str, Any] = {"TablePolicyArn": {"Value": {"Ref": "TablePolicy"}}}
    if _checked_role(role, permissions) is not None:
        own = [logs] if tenant is not None else [*attached, logs]
        resources["FunctionRole"] = _role(_TRUSTS_LAMBDA, own)
        outputs["FunctionRoleArn"] = {"Value": {"Fn::GetAtt": ["FunctionRole", "Arn"]}}
        if tenant is not None:
            function = {"Fn::GetAtt": ["FunctionRole", "Arn"]}
            resources["TenantRole"] = _role(_trusts(function, tenant), attached)
            resources["AssumeTenantRole"] = {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": _assuming({"Fn::GetAtt": ["TenantRole", "Arn"]}),
                    "Roles": [{"Ref": "FunctionRole"}],
                },
            }
            outputs["TenantRoleArn"] = {"Value": {"Fn::GetAtt": ["TenantRole", "Arn"]}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": resources,
        "Outputs": outputs,
    }


def iam_terraform(permissions: Permissions, *, role: str | None = None) -> str:
    """Return the policy as Terraform, for the table in the provider's own account and Region.

    `role` is as in `iam_cloudformation`.
    """

    here = "${data.aws_region.current.id}"
    account = "${data.aws_caller_identity.current.account_id}"

    def arn(service: str, other: str, path: str) -> Raw:
        if service == "dynamodb" and not other:
            return Raw(f'"${{local.dynamodb}}:{path}"')
        return Raw(f'"{_PARTITION}:{service}:{other or here}:{account}:{path}"')

    tenant = permissions.tenant
    document = _document(permissions, arn, permissions.regions)
    policy = ("aws_iam_policy", "table")
    blocks = [
        *(Block("data", (f"aws_{one}", "current")) for one in ("partition", "region")),
        Block("data", ("aws_caller_identity", "current")),
        Block("locals", (), {"dynamodb": Raw(f'"{_PARTITION}:dynamodb:{here}:{account}"')}),
        Block("resource", policy, {"name_prefix": "table-", "policy": Encoded(document)}),
    ]
    if _checked_role(role, permissions) is not None:
        blocks += [
            _hcl_role("function", _TRUSTS_LAMBDA),
            _attached("logs", "function", Raw(f'"{_PARTITION}:iam::aws:policy/{_LOGS}"')),
        ]
        using = "function"
        if tenant is not None:
            using = "tenant"
            blocks += [
                _hcl_role("tenant", _trusts(Raw("aws_iam_role.function.arn"), tenant)),
                Block(
                    "resource",
                    ("aws_iam_role_policy", "assume_tenant"),
                    {
                        "role": Raw("aws_iam_role.function.id"),
                        "policy": Encoded(_assuming(Raw("aws_iam_role.tenant.arn"))),
                    },
                ),
            ]
        blocks.append(_attached("table", using, Raw("aws_iam_policy.table.arn")))
    return write_hcl(blocks)


_PARTITION: Final = "arn:${data.aws_partition.current.partition}"
_TRUSTS_LAMBDA: Final[Mapping[str, Any]] = {
    "Version": _VERSION,
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def _document(permissions: Permissions, arn: Arn, regions: tuple[str, ...]) -> dict[str, Any]:
    """Return the policy document, with ARNs in the form that the format needs."""

    def resources(statement: Statement) -> list[Any]:
        return [
            path if path.startswith("arn:") else arn(statement.service, region, path)
            for path in statement.resources
            for region in ("", *regions)
        ]

    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": statement.sid,
                "Effect": "Allow",
                "Action": [f"{statement.service}:{action}" for action in statement.actions],
                "Resource": resources(statement),
                **({"Condition": dict(statement.condition)} if statement.condition else {}),
            }
            for statement in permissions.statements
        ],
    }


def _checked_role(role: str | None, permissions: Permissions) -> str | None:
    """Return the role, or None. Raises InvalidOptionError if it cannot be made."""
    if role is not None and role not in ROLES:
        raise InvalidOptionError(f'role is "lambda", not {quoted(role)}')
    confined = any("Null" in statement.condition for statement in permissions.statements)
    if role is not None and confined and permissions.tenant is None:
        raise InvalidOptionError(
            "a function takes its tenant's name from a session tag; leave tenant_value out"
        )
    return role


def _trusts(function: Any, tenant: str) -> dict[str, Any]:
    """Return the policy that lets a function assume a tenant's role, with the tenant as its tag."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": function},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringLike": {f"aws:RequestTag/{tenant}": "?*"},
                    "ForAllValues:StringEquals": {"aws:TagKeys": [tenant]},
                },
            }
        ],
    }


def _assuming(role: Any) -> dict[str, Any]:
    """Return the function's policy for assuming a tenant's role."""
    actions = ["sts:AssumeRole", "sts:TagSession"]
    statement = {"Sid": "AssumeTenantRole", "Effect": "Allow", "Action": actions, "Resource": role}
    return {"Version": _VERSION, "Statement": [statement]}


def _role(trust: Mapping[str, Any], policies: list[Any]) -> dict[str, Any]:
    properties = {"AssumeRolePolicyDocument": dict(trust), "ManagedPolicyArns": policies}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _hcl_role(name: str, trust: Mapping[str, Any]) -> Block:
    arguments = {"name_prefix": f"{name}-", "assume_role_policy": Encoded(trust)}
    return Block("resource", ("aws_iam_role", name), arguments)


def _attached(name: str, role: str, policy: Raw) -> Block:
    arguments = {"role": Raw(f"aws_iam_role.{role}.name"), "policy_arn": policy}
    return Block("resource", ("aws_iam_role_policy_attachment", name), arguments)
