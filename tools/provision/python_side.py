"""What the tools in Python make of what Leyden writes; runs in their own environment.

Reads `{"sam": {name: template}, "cdk": {name: file}, "policies": {name: document}, "templates":
{name: file}}` from standard input and prints what comes of each: the template that SAM is turned
into, the template that a stack is synthesised to, and the complaints about policies and templates.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from typing import Any


class ManagedPolicies:
    """No template here asks for the ARN of a managed policy by its name."""

    def load(self) -> dict[str, str]:
        """None."""
        return {}


def translated(template: dict[str, Any]) -> Any:
    """The template that CloudFormation gets of one of SAM."""
    from samtranslator.translator.transform import transform

    return transform(template, {}, ManagedPolicies())


def synthesised(file: str) -> Any:
    """The template of a stack in the file of a module."""
    from aws_cdk import App, LegacyStackSynthesizer

    spec = importlib.util.spec_from_file_location("stack", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app = App(analytics_reporting=False)
    # Without what bootstrapping adds to every template.
    module.TableStack(app, "TableStack", synthesizer=LegacyStackSynthesizer())
    return app.synth().get_stack_by_name("TableStack").template


def complaints_about_policy(document: dict[str, Any]) -> Any:
    """What parliament finds in a policy: the kind of each finding, and what it is about."""
    import parliament

    found = parliament.analyze_policy_string(json.dumps(document)).findings
    return sorted([one.issue, str(one.detail)] for one in found)


def complaints_about_templates(files: dict[str, str]) -> dict[str, Any]:
    """What cfn-lint says of the template in each file: the rule of each match, and its message."""
    from pathlib import Path

    from cfnlint.api import lint_file

    return {
        name: sorted([match.rule.id, match.message] for match in lint_file(Path(file)))
        for name, file in files.items()
    }


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "1"
    # What tools print goes elsewhere.
    with contextlib.redirect_stdout(sys.stderr):
        answer = {
            "sam": {name: translated(one) for name, one in asked["sam"].items()},
            "policies": {n: complaints_about_policy(one) for n, one in asked["policies"].items()},
            "templates": complaints_about_templates(asked["templates"]),
            "cdk": {name: synthesised(file) for name, file in asked["cdk"].items()},
        }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
