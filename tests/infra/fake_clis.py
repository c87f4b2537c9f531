"""Fakes of `az` and `azd` on a PATH of their own: they record their calls and answer what a test says."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landfall.stack.azurite import ROOT

HOOKS = ROOT / "infra" / "hooks"
# Writes the answer whose words begin its arguments; a call that no answer is for fails, as `az` does.
_FAKE = """#!{python} -I
import json, sys, time
from pathlib import Path
me = Path(sys.argv[0])
call = [me.name, *sys.argv[1:]]
with (me.parent / "calls").open("a", encoding="utf-8") as calls:
    calls.write(json.dumps(call) + "\\n")
for words, answer in json.loads((me.parent / "answers").read_text(encoding="utf-8")):
    if call[:len(words)] == words:
        time.sleep(answer["after_s"])
        sys.stderr.write(answer.get("error", ""))
        sys.stdout.write(answer.get("text", ""))
        sys.exit(answer.get("status", 0))
sys.exit("no answer for " + " ".join(call))
"""


@dataclass(frozen=True)
class Result:
    """What a hook did."""

    status: int
    text: str  # all that it wrote
    calls: list[list[str]]  # each call of `az` or `azd`, with the command's name first

    def of(self, *words: str) -> list[list[str]]:
        """Return the calls that begin with these words."""
        return [call for call in self.calls if call[: len(words)] == list(words)]


class FakeClis:
    """A folder with the fakes, and hooks that run with nothing else on their PATH."""

    def __init__(self, folder: Path, commands: tuple[str, ...] = ("az", "azd")) -> None:
        self.folder = folder
        self._answers: list[tuple[list[str], dict[str, Any]]] = []
        for name in commands:
            path = folder / name
            path.write_text(_FAKE.format(python=sys.executable), encoding="utf-8")
            path.chmod(0o755)

    def answer(self, words: str, value: Any = None, *, status: int = 0, error: str = "", after_s: float = 0.0) -> None:
        """Answer calls that begin with these words: with JSON, or with an error and a status, after some seconds."""
        text = "" if value is None else json.dumps(value)
        self._answers.insert(0, (words.split(), {"text": text, "status": status, "error": error, "after_s": after_s}))

    def run(self, hook: str, settings: dict[str, str], hooks: Path = HOOKS) -> Result:
        """Run a hook of a folder as azd does, with these variables."""
        (self.folder / "answers").write_text(json.dumps(self._answers), encoding="utf-8")
        calls = self.folder / "calls"
        calls.write_text("", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, hooks / hook],
            cwd=ROOT,
            env={"PATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "LANDFALL_HOOK_PAUSE_S": "0", **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        recorded = [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]
        return Result(done.returncode, done.stdout + done.stderr, recorded)
