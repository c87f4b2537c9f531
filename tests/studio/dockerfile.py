"""Reads the studio's Dockerfile and .dockerignore as a builder would, as far as they use it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.studio.running import ROOT

PATH = ROOT / "studio" / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    """One instruction with its arguments as they stand there, on one line."""

    name: str
    text: str

    def words(self) -> list[str]:
        """Return the arguments of the exec form.

        Raises:
            ValueError: it has another form, which a shell would run: signals would not reach the program.
        """
        return list(json.loads(self.text))


def instructions() -> list[Instruction]:
    """Return all instructions of the Dockerfile."""
    lines = [line for line in PATH.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def only(name: str) -> Instruction:
    """Return the only instruction of a name."""
    (instruction,) = (instruction for instruction in instructions() if instruction.name == name)
    return instruction


def environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(word.split("=", 1) for word in only("ENV").text.split())


def health_check() -> list[str]:
    """Return the command that tells whether the container is healthy."""
    return list(json.loads(re.split(r"\bCMD\b", only("HEALTHCHECK").text)[1]))


def is_sent(path: PurePosixPath) -> bool:
    """Tell whether the builder is given a file of the repository: the last pattern that fits it decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and any(part.full_match(pattern) for part in (path, *path.parents)):
            sent = line.startswith("!")
    return sent


def copy_into(image: Path) -> None:
    """Do what the COPY instructions do, with `image` for the root of the image.

    Raises:
        FileNotFoundError: a source is not there, or the builder is not given it.
    """
    for source, target in (copy.text.split() for copy in instructions() if copy.name == "COPY"):
        files = [path for path in (ROOT / source, *(ROOT / source).rglob("*")) if path.is_file()]
        sent = [path for path in files if is_sent(PurePosixPath(path.relative_to(ROOT)))]
        if not sent:
            raise FileNotFoundError(source)
        for path in sent:
            copy = image / target.lstrip("/") / path.relative_to(ROOT / source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
