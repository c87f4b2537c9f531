"""azure.yaml, host.json, the example settings and the parameters: nothing in them that is not meant to be there.

The tools that read them ignore what they do not know, so a slip of the pen there is a setting that has no effect.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.infra.sources import INFRA, ROOT

SPAN = {"type": "string", "pattern": r"^\d{2}:[0-5]\d:[0-5]\d$"}


def exactly(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """Return the schema of an object with these members and no other."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def hook(script: str) -> dict[str, Any]:
    """Return the schema of a hook that runs a Python script: an inline command for each family of systems."""
    more = {"continueOnError": {"const": False}, "interactive": {"const": False}}
    windows = (
        f"if (Get-Command py -ErrorAction SilentlyContinue) {{ py -3 {script} }} else {{ python {script} }}\n"
        "exit $LASTEXITCODE\n"
    )
    return exactly(
        {
            "posix": exactly({"shell": {"const": "sh"}, "run": {"const": f"python3 {script}"}, **more}),
            "windows": exactly({"shell": {"const": "pwsh"}, "run": {"const": windows}, **more}),
        }
    )


def count(least: int, most: int) -> dict[str, Any]:
    """Return the schema of a whole number within limits."""
    return {"type": "integer", "minimum": least, "maximum": most}


AZURE_YAML = exactly(
    {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*[a-z0-9]$"},
        "metadata": exactly({"template": {"type": "string", "pattern": r"^landfall@\d+\.\d+\.\d+$"}}),
        "requiredVersions": exactly({"azd": {"const": ">= 1.23.5"}}),
        "infra": exactly({"provider": {"const": "bicep"}, "path": {"const": "infra"}, "module": {"const": "main"}}),
        "services": exactly(
            {
                "app": exactly(
                    {
                        "project": {"const": "."},
                        "language": {"const": "python"},
                        "host": {"const": "function"},
                        "remoteBuild": {"const": False},
                        # Of the service: those of the project do not run before the packing that `azd deploy` does.
                        "hooks": exactly({"prepackage": hook("infra/hooks/prepackage.py")}),
                    }
                )
            }
        ),
        "hooks": exactly(
            {name: hook(f"infra/hooks/{name}.py") for name in ("preprovision", "postprovision", "postdeploy")}
        ),
        "pipeline": exactly(
            {"provider": {"const": "github"}, "variables": {"type": "array", "items": {"type": "string"}}}
        ),
    }
)
HOST_JSON = exactly(
    {
        "version": {"const": "2.0"},
        "functionTimeout": SPAN,
        "logging": exactly(
            {
                "applicationInsights": exactly(
                    {"samplingSettings": exactly({"isEnabled": {"const": True}, "excludedTypes": {"type": "string"}})}
                )
            }
        ),
        "extensions": exactly(
            {
                "queues": exactly(
                    {
                        "batchSize": count(1, 32),
                        "newBatchThreshold": count(0, 32),
                        "maxDequeueCount": count(1, 100),
                        "visibilityTimeout": SPAN,
                        "maxPollingInterval": SPAN,
                        "messageEncoding": {"enum": ["base64", "none"]},
                    }
                ),
                "blobs": exactly({"maxDegreeOfParallelism": count(1, 64), "poisonBlobThreshold": count(1, 100)}),
            }
        ),
        "extensionBundle": exactly(
            {
                "id": {"const": "Microsoft.Azure.Functions.ExtensionBundle"},
                "version": {"type": "string", "pattern": r"^\[\d+\.\*, \d+\.0\.0\)$"},
            }
        ),
    }
)
EXAMPLE_SETTINGS = exactly(
    {
        "IsEncrypted": {"const": False},
        "Values": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
            "additionalProperties": {"type": "string"},  # `func start` takes texts only
        },
    }
)
PARAMETERS = exactly(
    {
        "$schema": {"type": "string"},
        "contentVersion": {"const": "1.0.0.0"},
        "parameters": {"type": "object", "additionalProperties": exactly({"value": {}})},
    }
)

CHECKED = {
    "azure.yaml": AZURE_YAML,
    "host.json": HOST_JSON,
    "local.settings.example.json": EXAMPLE_SETTINGS,
    "infra/main.parameters.json": PARAMETERS,
}


class OnceLoader(yaml.SafeLoader):
    """Refuses a key that occurs twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping from its node."""
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.YAMLError(f"a key stands twice among {keys}")
        return super().construct_mapping(node, deep=deep)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Do the same for JSON."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a key stands twice among {[key for key, _ in pairs]}")
    return dict(pairs)


def read(name: str) -> Any:
    """Read a file of either format; a key may stand only once."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        return json.loads(text, object_pairs_hook=_once)
    return yaml.load(text, OnceLoader)  # noqa: S506 - a SafeLoader


@pytest.mark.parametrize("name", CHECKED)
def test_the_file_has_what_it_must_and_nothing_else(name: str) -> None:
    """Each member is known, and its value is one that the tool reading it takes."""
    problems = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(CHECKED[name]).iter_errors(read(name))
    ]
    assert problems == []


def test_all_hooks_are_run() -> None:
    """azure.yaml names every script in the folder of hooks, and no other; one is a module of the others."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"infra/hooks/(\S+)", text))
    assert {path.name for path in (INFRA / "hooks").iterdir() if path.is_file()} == named | {"azure_cli.py"}


@pytest.mark.parametrize("script", sorted((INFRA / "hooks").glob("*.py")), ids=lambda path: path.name)
def test_a_hook_runs_under_an_old_python(script: Path) -> None:
    """It is Python 3.9, whose standard library has every module that it imports: azd takes what the computer has."""
    tree = ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    beside = {path.stem for path in script.parent.glob("*.py")}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names - {"tomllib"} | beside


def test_a_checkout_has_the_same_bytes_on_every_system() -> None:
    """Git writes LF everywhere, also on Windows: the zip is compared byte by byte, and `sh` refuses CRLF."""
    listed = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [re.split(r"\s+", line, maxsplit=4) for line in listed.splitlines()]
    assert len(lines) > 500
    assert [line for line in lines if line[0] not in {"i/lf", "i/none", "i/-text"}] == []
    assert [line for line in lines if line[2:4] != ["attr/text=auto", "eol=lf"]] == []


def test_what_a_program_made_is_marked_so() -> None:
    """A diff folds the lock files and the snapshots, and nothing that a person wrote."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    command = ["git", "check-attr", "--stdin", "linguist-generated"]
    done = subprocess.run(command, cwd=ROOT, input=listed, capture_output=True, text=True, check=True)
    marked = {line.partition(":")[0] for line in done.stdout.splitlines() if line.endswith(": set")}
    lock = r"(.*/)?requirements[\w-]*\.txt|bench/serving/\w+\.txt|(.*/)?package-lock\.json"
    snapshot = r"tests/infra/snapshots/.*\.json"
    assert marked == {name for name in listed.splitlines() if re.fullmatch(f"{lock}|{snapshot}", name)}


def test_the_service_is_the_one_that_bicep_tags() -> None:
    """The code goes to the resource whose tag is the name of the service in azure.yaml."""
    (service,) = read("azure.yaml")["services"]
    assert f"'azd-service-name': '{service}'" in (INFRA / "app" / "function.bicep").read_text(encoding="utf-8")


def test_the_hook_knows_what_the_deployment_puts_out() -> None:
    """Every variable that a script after a provision needs is an output of main.bicep or azd's own."""
    main = (INFRA / "main.bicep").read_text(encoding="utf-8")
    put_out = set(re.findall(r"^output (\w+)", main, re.MULTILINE))
    for name, number in (("postdeploy", 8), ("postprovision", 4)):
        script = (INFRA / "hooks" / f"{name}.py").read_text(encoding="utf-8")
        needed = set(re.findall(r"\"(AZURE_[A-Z_]+)\"", script))
        assert len(needed) == number
        assert needed - {"AZURE_SUBSCRIPTION_ID"} <= put_out


def test_a_pipeline_gets_every_variable_of_the_parameters() -> None:
    """`azd pipeline config` copies what azure.yaml lists; a variable that is not listed is empty in the pipeline.

    A new `${NAME}` of main.parameters.json belongs into `pipeline.variables` of azure.yaml. azd sets its own itself.
    """
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    named = [name for name in re.findall(r"\$\{(\w+)", text) if not name.startswith("AZURE_")]
    assert read("azure.yaml")["pipeline"]["variables"] == named


def test_azd_down_keeps_what_a_person_has_set() -> None:
    """It removes the outputs from the environment, so no output has the name of a variable that is a parameter."""
    main = (INFRA / "main.bicep").read_text(encoding="utf-8")
    given = set(re.findall(r"\$\{(\w+)", (INFRA / "main.parameters.json").read_text(encoding="utf-8")))

    assert "LANDFALL_INPUT" in given
    assert not given & set(re.findall(r"^output (\w+)", main, re.MULTILINE))
