"""What Python tools make of the files that Leyden writes; runs in their own environment.

Reads `{"sam": {name: template}, "cdk": {name: file}, "policies": {name: document}, "templates":
{name: file}}` from standard input. Prints the result for each: the template that SAM is translated
to, the template that a stack is synthesized to, and the complaints about policies and templates.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from typing import Any


class ManagedPolicies:
    """A stand-in: no template here needs the ARN of a managed policy by name."""

    def load(self) -> dict[str, str]:
        """Return no policies."""
        return {}


def translated(template: dict[str, Any]) -> Any:
    """Return the CloudFormation template that a SAM template is translated to."""
    from samtranslator.translator.transform import transform

    return transform(template, {}, ManagedPolicies())


def synthesised(file: str) -> Any:
    """Return the template of the stack in a module's file."""
    from aws_cdk import App, LegacyStackSynthesizer

    spec = importlib.util.spec_from_file_location("stack", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app = App(analytics_reporting=False)
    # Leave out what bootstrapping adds to every template.
    module.TableStack(app, "TableStack", synthesizer=LegacyStackSynthesizer())
    return app.synth().get_stack_by_name("TableStack").template


def complaints_about_policy(document: dict[str, Any]) -> Any:
    """Return parliament's findings about a policy: the kind of each, and its subject."""
    import parliament

    found = parliament.analyze_policy_string(json.dumps(document)).findings
    return sorted([one.issue, str(one.detail)] for one in found)


def complaints_about_templates(files: dict[str, str]) -> dict[str, Any]:
    """Return cfn-lint's findings about the template in each file: the rules, and the messages."""
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
    # Keep the output of tools away from the answer.
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
