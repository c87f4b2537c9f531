"""Runs Checkov over the snapshots: `python -m tests.infra.checkov PROGRAM`, as `make checkov` does.

Checkov cannot read the Bicep files themselves: its parser gives up on user-defined types and newer operators, and then
finds nothing. The evaluated resources are complete. A finding is silenced by a comment in the block of the resource
that it is about, with the reason: `// checkov:skip=CKV_AZURE_17: callers have a key`. A comment without a finding is a
problem too.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.infra.deployments import deployment, deployment_names
from tests.infra.sources import FILES, SNAPSHOTS, name_of

_RESOURCE = re.compile(r"^resource \w+ '([\w./]+)@")
_SKIP = re.compile(r"^\s*// ?checkov:skip=(CKV\w+): (\S.*)$")
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
# What an option of infra/ mends: these checks must pass in the snapshots that turn it on.
MENDED = {
    "private-network": {
        "CKV_AZURE_35": "the storage account denies by default",
        "CKV_AZURE_59": "the storage account is closed to the public network",
        "CKV_AZURE_109": "the vault has firewall rules",
        "CKV_AZURE_189": "the vault is closed to the public network",
        "CKV_AZURE_206": "the storage account is replicated to another region",
    },
}


@dataclass(frozen=True, order=True)
class Finding:
    """A check that a type of resources fails, in a snapshot."""

    check: str
    type: str
    snapshot: str
    sentence: str


def skipped(files: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the reasons of the comments in Bicep files, given by name and text: by check and type of the resource."""
    reasons = {}
    for _, text in files:
        type_ = ""
        for line in text.splitlines():
            if match := _RESOURCE.match(line):
                type_ = match[1]
            elif line.startswith("}"):
                type_ = ""
            elif match := _SKIP.match(line):
                reasons[match[1], type_] = match[2]
    return reasons


def template(snapshot: str) -> str:
    """Return a snapshot's resources as a template of the Resource Manager, which Checkov reads."""
    document = json.loads((SNAPSHOTS / f"{snapshot}.snapshot.json").read_text(encoding="utf-8"))
    resources = [{key: value for key, value in each.items() if key != "id"} for each in document["predictedResources"]]
    members = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": {}, "resources": resources}
    return json.dumps(members, indent=1)


def run(program: str) -> list[Finding]:
    """Run Checkov.

    Raises:
        ValueError: it could not read a template, or read none.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in deployment_names():
            (Path(folder) / f"{name}.json").write_text(template(name), encoding="utf-8")
        options = ["--framework", "arm", "--quiet", "--compact", "--skip-download", "--output", "json"]
        command = [program, "--directory", folder, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    types = {resource.type for name in deployment_names() for resource in deployment(name).resources}
    summary = document["summary"]
    if summary["parsing_errors"] or not summary["passed"]:
        raise ValueError(f"Checkov read nothing: {summary}\n{done.stderr[-2000:]}")
    return sorted(
        {
            Finding(
                each["check_id"],
                _type_of(each["resource"], types),
                Path(each["file_path"]).stem,
                each["check_name"],
            )
            for each in document["results"]["failed_checks"]
        }
    )


def _type_of(resource: str, types: Iterable[str]) -> str:
    """Return the type of a finding's resource, which Checkov names by type, dot and name: both may have dots."""
    return max((each for each in types if resource.startswith(f"{each}.")), key=len)


def problems(findings: Iterable[Finding], reasons: dict[tuple[str, str], str]) -> list[str]:
    """Return what is to be done, one sentence each: findings without a reason, and reasons without a finding."""
    texts, left = [], set()
    for each in findings:
        left.add((each.check, each.type))
        where = f"{each.snapshot}: {each.type}: {each.check} {each.sentence}"
        if each.check in MENDED.get(each.snapshot, {}):
            texts.append(f"{where}. It must pass here: {MENDED[each.snapshot][each.check]}.")
        elif (each.check, each.type) not in reasons:
            silence = f"// checkov:skip={each.check}: REASON"
            texts.append(f"{where}. Mend it, or silence it in the block of the resource: {silence}")
    stale = [(check, type_) for check, type_ in reasons if (check, type_) not in left]
    return texts + [f"{type_}: {check} is silenced, and is no finding. Remove the comment." for check, type_ in stale]


def main() -> int:
    """Print the problems; return the exit status."""
    reasons = skipped((name_of(file), file.read_text(encoding="utf-8")) for file in FILES)
    texts = problems(run(sys.argv[1]), reasons)
    for text in texts:
        print(text)  # noqa: T201 - for the person who runs make
    if not texts:
        print(f"checkov: no finding without a reason; {len(reasons)} have one")  # noqa: T201
    return 1 if texts else 0


if __name__ == "__main__":
    sys.exit(main())
