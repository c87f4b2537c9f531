"""The studio's container, as far as it can be tried without a container engine: its files, packages and commands."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement

from tests.studio import dockerfile
from tests.studio.running import ROOT, RunningStudio, census_csv, child_processes, wait_until_gone

PORT = "8600"


def locked() -> Iterator[Requirement]:
    """Give the packages of the studio's lock file that this machine needs."""
    for line in (ROOT / "studio" / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in " #":
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what the image holds: the copied files, and `packages` with the locked packages alone."""
    image = tmp_path_factory.mktemp("image")
    dockerfile.copy_into(image)
    for requirement in locked():
        package = distribution(requirement.name)
        assert requirement.specifier.contains(package.version), f"{requirement} is not what is installed here"
        for file in package.files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                link = image / "packages" / file
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file.locate())
    return image


def command(image: Path, words: list[str], data: Path, **more: str) -> tuple[list[str], dict[str, str]]:
    """Return how the image's entry point is run with `words`: command and environment.

    Python finds the standard library, the copied files and the locked packages, and nothing else of this machine.
    """
    entry = dockerfile.only("ENTRYPOINT").words()
    assert entry[0] == "python"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(image / "packages"), **dockerfile.environment(), **more}
    assert PurePosixPath(environ["STUDIO_DATA"]).is_relative_to(*dockerfile.only("VOLUME").words())
    environ["STUDIO_DATA"] = str(data)
    return [sys.executable, "-S", *entry[1:], *words], environ


def run(image: Path, words: list[str], data: Path) -> subprocess.CompletedProcess[str]:
    """Run the image's entry point to its end."""
    line, environ = command(image, words, data)
    return subprocess.run(
        line, env=environ, cwd=image / "app", capture_output=True, text=True, check=False, timeout=100
    )


def healthy(port: str | int) -> bool:
    """Run the health check against a port of this machine."""
    check = dockerfile.health_check()
    assert check[0] == "python"
    words = [sys.executable, *(word.replace(PORT, str(port)) for word in check[1:])]
    return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0


def test_the_base_is_pinned_by_digest() -> None:
    """A build of the same commit gives the same image, and the labels name the base that it has."""
    lines = (ROOT / "studio" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (base,) = [line.removeprefix("FROM ") for line in lines if line.startswith("FROM ")]
    match = re.fullmatch(r"(python:3\.13\.\d+-slim-trixie)@(sha256:[0-9a-f]{64})", base)

    assert match, base
    name, digest = match.groups()
    text = "\n".join(lines)
    assert f'org.opencontainers.image.base.name="docker.io/library/{name}"' in text
    assert f'org.opencontainers.image.base.digest="{digest}"' in text


def test_the_image_holds_the_package_and_no_more(image: Path) -> None:
    """Every file of the package is copied, with its lock file; nothing else of the repository is even sent."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    package = {name for name in tracked if name.startswith("studio/")} - {"studio/Dockerfile", "studio/requirements.in"}
    new = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    sent = {name for name in (*tracked, *new) if dockerfile.is_sent(PurePosixPath(name))}
    copied = {str(path.relative_to(image / "app")) for path in (image / "app").rglob("*") if path.is_file()}
    assert package <= copied == sent
    assert {name.partition("/")[0] for name in sent} == {"studio"}
    assert not dockerfile.is_sent(PurePosixPath("studio/__pycache__/cli.cpython-313.pyc"))


def test_the_lines_of_the_dockerfile_agree() -> None:
    """One number is the user's, the group's and the data's; the volume is what it owns; the ports are one port."""
    made = " ".join(instruction.text for instruction in dockerfile.instructions() if instruction.name == "RUN")
    (user, group) = dockerfile.only("USER").text.split(":")
    assert int(user) >= 10_000  # no number of a person's, nor of a service of the host
    assert re.findall(r"--(?:uid|owner)[ =](\d+)", made) == [user, user]
    assert re.findall(r"--(?:gid|group)[ =](\d+)", made) == [group, group, group]
    (volume,) = dockerfile.only("VOLUME").words()
    assert re.findall(r"--mode=0700 (\S+)", made) == [volume]
    assert dockerfile.only("EXPOSE").text == PORT
    assert dockerfile.only("CMD").words()[-1] == PORT
    assert PORT in dockerfile.health_check()[-1]
    assert "--require-hashes" in made
    order = [instruction.name for instruction in dockerfile.instructions()]
    assert order.index("USER") > max(at for at, name in enumerate(order) if name in ("RUN", "COPY"))


def test_the_image_publishes_and_serves(image: Path, tmp_path: Path) -> None:
    """With nothing but its files and locked packages it trains, serves, is healthy, and ends with 0 at SIGTERM."""
    data = tmp_path / "volume" / "studio"
    (tmp_path / "d.csv").write_text(census_csv(100), encoding="utf-8")
    experiment = tmp_path / "e.toml"
    experiment.write_text(
        'name = "Small Model"\ndata = "d.csv"\nlabel = "income"\ntask = "binary"\npositive = ">50K"\n', encoding="utf-8"
    )
    published = run(image, ["publish", str(experiment)], data)
    assert published.returncode == 0, published.stderr

    here = {"0.0.0.0": "127.0.0.1", PORT: "0"}  # noqa: S104 (which the test does not do)
    words = [here.get(word, word) for word in dockerfile.only("CMD").words()]
    line, environ = command(image, words, data, STUDIO_BASE_URL="https://studio.example.com/")
    with subprocess.Popen(line, env=environ, cwd=image / "app", stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().rpartition(":")[2].strip()
            assert healthy(port)
            children = child_processes(process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    wait_until_gone(children)
    assert not healthy(port)
    described = run(image, ["describe", "--base-url", "https://studio.example.com"], data)
    assert '"jobs_url": "https://studio.example.com/workspaces/' in described.stdout


def test_the_image_does_not_start_without_its_url(image: Path, tmp_path: Path) -> None:
    """As it is built it listens for others, so it must be told what they call it; it says how."""
    refused = run(image, dockerfile.only("CMD").words(), tmp_path / "studio")
    assert refused.returncode == 1
    assert "STUDIO_BASE_URL" in refused.stderr
    assert not (tmp_path / "studio").exists()


def test_the_health_check_tells_ill_from_well(studio: RunningStudio) -> None:
    """It passes for a studio that answers, and fails for one that does not listen or answers with something else."""
    assert healthy(studio.base_url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert not healthy(port)
    stranger = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(studio.data), "0"]
    with subprocess.Popen(
        stranger,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as reader:
        try:
            line = reader.stdout.readline() if reader.stdout else ""
            port = int(re.search(r"port (\d+)", line)[1])  # type: ignore[index]
            assert not healthy(port)
        finally:
            reader.terminate()
