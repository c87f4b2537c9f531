"""The worked examples of docs/intake.md, run from the page: settings, files, and what the job reads."""

import re
import tomllib
from typing import NamedTuple

from shared.lifecycle.job_paths import original_path
from shared.operators.forget import forget
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.pipeline.world import ROOT, World, example_routes

PAGE = (ROOT / "docs/intake.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """A worked example: the settings that it adds to the route, and its tables in order."""

    settings: str
    tables: list[str]

    def world(self) -> World:
        """Give a world whose route has the settings."""
        before = "[routes.census.training]"
        return World(example_routes((before, f"{self.settings}\n{before}")))


def example(title: str) -> Example:
    """Read an example by its heading."""
    text = PAGE.partition(f"### {title}\n")[2].partition("\n### ")[0]
    settings = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return Example("".join(settings), re.findall(r"```csv\n(.*?)```", text, re.DOTALL))


def first_screen() -> Example:
    """Read the settings above the page's first section."""
    return Example("".join(re.findall(r"```toml\n(.*?)```", PAGE.partition("\n## ")[0], re.DOTALL)), [])


def land(world: World, name: str, content: bytes | str) -> Run:
    """Land a file and have it read."""
    data = content if isinstance(content, bytes) else content.encode()
    run = world.land_version(world.blobs.put_bytes("incoming", name, data, world.clock.now()))
    world.read()
    return world.run(run.run_id)


def sealed(world: World, run: Run) -> Run:
    """Let the burst end, and its set be assembled; returns the run."""
    world.tick(61)
    world.read()
    return world.run(run.run_id)


def trained(world: World, run: Run) -> Run:
    """Let the run's job end with a model of its own, and the run with it."""
    world.finish(run, f"model of {run.run_id}")
    return world.settle(run)


def test_the_first_screen() -> None:
    """Its settings do what the screen says: clean, learn, quarantine, gather a burst, count a copy once."""
    world = first_screen().world()
    untidy = "income;age;workclass\nno;39;State-gov\nincome;age;workclass\nyes;50;Private\n"
    first = land(world, "census/1.csv", b"\xef\xbb\xbf" + untidy.encode())
    assert (first.state, first.step) == (RunState.WAITING, WaitingStep.BATCH), first.reason
    assert first.intake is not None
    assert {change.code for change in first.intake.changes} >= {"byte-order-mark", "delimiter"}
    assert first.intake.left_out.repeated_header == 1

    header = "age,workclass,income\n"
    for number, bad in enumerate(("28,Private,no\n61,Pri", "28,Private,no\nTotal,,\n", '"1,234",Private,no\n')):
        run = land(world, f"census/bad-{number}.csv", header + bad)
        assert run.state is RunState.QUARANTINED, bad
        assert world.blobs.text(f"incoming/{run.blob}") == header + bad
        assert world.blobs.text(run.problems)
    copied = f"{header}28,Private,no\n"
    land(world, "census/2.csv", copied)
    world.tick(2)
    last = land(world, "census/3.csv", copied)
    assert not world.training.started

    carrier = sealed(world, last)
    assert carrier.state is RunState.STARTED, carrier.reason
    rows = (world.blobs.text(carrier.input_blob) or "").splitlines()[1:]
    assert sorted(rows) == ["28,Private,no", "39,State-gov,no", "50,Private,yes"]
    assert world.run(first.run_id).state is RunState.BATCHED
    assert len(world.training.started) == 1


def test_the_readme_shows_the_same_settings() -> None:
    """Its few lines are those of the page's first screen."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert [tomllib.loads(block) for block in settings] == [tomllib.loads(first_screen().settings)]


def test_an_excel_file_from_germany() -> None:
    """Encoding, delimiter, header and decimal sign are made clean, and counted; without the setting it is refused."""
    shown = example("An Excel file from Germany")
    file, clean = shown.tables

    world = shown.world()
    run = land(world, "census/oktober.csv", file.encode("cp1252"))
    assert run.state is RunState.STARTED, run.reason
    assert world.blobs.text(run.input_blob) == clean
    assert run.intake is not None
    changes = {change.code for change in run.intake.changes}
    sentence = next(line for line in PAGE.splitlines() if line.startswith("The run says what was changed: `encoding`"))
    assert changes == set(re.findall(r"`([a-z-]+)`", sentence.partition(". ")[0]))

    world = shown._replace(settings=shown.settings.replace('encoding = "cp1252"', "")).world()
    run = land(world, "census/oktober.csv", file.encode("cp1252"))
    assert run.state is RunState.QUARANTINED
    assert "Line 2" in run.reason
    assert "Windows-1252" in run.reason


def test_daily_increments() -> None:
    """Each day trains on all so far; a correction takes its file's place, and a copy changes nothing."""
    shown = example("Daily increments")
    monday, tuesday, joined = shown.tables
    world = shown.world()
    trained(world, sealed(world, land(world, "census/monday.csv", monday)))

    run = sealed(world, land(world, "census/tuesday.csv", tuesday))
    assert run.state is RunState.STARTED, run.reason
    assert world.blobs.text(run.input_blob) == joined
    trained(world, run)

    copy = sealed(world, land(world, "census/copy-of-monday.csv", monday))
    assert copy.state is RunState.UNCHANGED

    corrected = sealed(world, land(world, "census/monday.csv", monday.replace("39", "40")))
    rows = (world.blobs.text(corrected.input_blob) or "").splitlines()
    assert "40,State-gov,no" in rows
    # The copy under another name has Monday's bytes of before, so it counts from now on.
    assert sorted(rows[1:]) == sorted(
        [*tuesday.splitlines()[1:], *monday.splitlines()[1:], *monday.replace("39", "40").splitlines()[1:]]
    )


def test_hourly_bursts() -> None:
    """One job for the burst; the newest file's run carries it, the others end `batched`."""
    shown = example("Hourly bursts")
    *files, joined = shown.tables
    world = shown.world()
    runs = []
    for number, file in enumerate(files, start=1):
        runs.append(land(world, f"census/{number}.csv", file))
        world.tick(2)
    carrier = sealed(world, runs[-1])

    assert carrier.state is RunState.STARTED, carrier.reason
    assert world.blobs.text(carrier.input_blob) == joined
    members = [world.run(run.run_id) for run in runs[:-1]]
    assert {(run.state, run.batch_run_id) for run in members} == {(RunState.BATCHED, carrier.run_id)}
    assert len(world.training.started) == 1


def test_an_erasure_request() -> None:
    """Every copy goes, the models are named, and the next set has the corrected file in its place."""
    shown = example("An erasure request")
    monday, tuesday, corrected, joined = shown.tables
    world = example("Daily increments").world()
    first = trained(world, sealed(world, land(world, "census/monday.csv", monday)))
    second = trained(world, sealed(world, land(world, "census/tuesday.csv", tuesday)))

    answer = forget(world.services, "census/monday.csv", "ada", "erasure request 4711")
    assert set(answer.deleted) >= {"incoming/census/monday.csv", original_path(first), second.input_blob}
    assert {model.run_id for model in answer.models} == {first.run_id, second.run_id}
    assert world.run(first.run_id).forgotten == "ada: erasure request 4711"

    run = sealed(world, land(world, "census/monday.csv", corrected))
    assert run.state is RunState.STARTED, run.reason
    assert world.blobs.text(run.input_blob) == joined
