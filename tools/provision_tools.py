"""Install the tools that verify what `leyden table` and `leyden iam` write.

cfn-lint, the translator of AWS SAM, parliament, the AWS command line and the AWS CDK go into a
virtual environment. The TypeScript compiler, the CDK again and a parser for Terraform's language go
into an npm folder. Both are below the folder in the only argument, which git ignores. A second run
does nothing. If they cannot be installed, this prints which checks will not run and succeeds,
unless `LEYDEN_REQUIRE` names `formats`.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.node_packages import say
from tools.toolbox import node_tools, provide, python_tools

FOLDER = "provision"
PYTHON = (
    "cfn-lint==1.58.0",
    "aws-sam-translator==1.115.0",
    "parliament==1.6.4",
    "setuptools<81",  # parliament asks for its pkg_resources
    "awscli==1.46.3",
    "aws-cdk-lib==2.275.0",
)
NODE = {
    "@cdktf/hcl2json": "0.21.0",
    "@types/node": "22.20.0",
    "aws-cdk-lib": "2.276.0",
    "constructs": "10.8.1",
    "typescript": "5.9.3",
}
WANTED = json.dumps([PYTHON, NODE])
CHECKS = "the checks of deployment formats by their own tools"
LONGEST_SECONDS = 900


def installed(cache: Path) -> bool:
    """Return whether `cache/provision` holds the wanted versions."""
    stamp = cache / FOLDER / "installed.json"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == WANTED


def install(cache: Path) -> None:
    """Install everything in `cache/provision`. Raises UnavailableError."""
    folder = cache / FOLDER
    tools = "cfn-lint, SAM, parliament, the AWS command line, the CDK and TypeScript"
    say(f"Installing {tools} for {CHECKS} into {folder}")
    with ThreadPoolExecutor(2) as pool:
        # Both spend most of their time on downloads.
        for side in (
            pool.submit(node_tools, folder / "node", "leyden-formats", NODE),
            pool.submit(python_tools, folder / "python", PYTHON, LONGEST_SECONDS),
        ):
            side.result()
    (folder / "installed.json").write_text(WANTED, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(provide("formats", CHECKS, installed, install))
