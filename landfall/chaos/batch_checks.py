"""Checks batches and training sets by what is seen from outside: rows of runs, member lists, manifests, inputs (pure).

Each check returns a sentence for each violation, and none if all is well.
"""

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.records.run import Run
from shared.records.run_states import RunState

type Version = tuple[str, str]  # blob and ETag
type Row = Sequence[str]


@dataclass(frozen=True)
class TrainedSet:
    """The training set of an attempt whose job was started.

    Attributes:
        name: what sentences call it.
        members: in the order of the manifest.
        rows: of the job's input, the header first.
    """

    name: str
    run_id: str
    members: tuple[Version, ...]
    rows: Sequence[Row]


def trained_sets(inputs: Mapping[str, str], runs: Iterable[Run], read: Callable[[str], str | None]) -> list[TrainedSet]:
    """Return the training sets of jobs; `inputs` maps their ids to what they read: container/path.

    A set without a manifest is the run's own file. A later attempt may train on what an earlier one assembled.
    """
    by_id = {run.run_id: run for run in runs}
    sets = []
    for job_id, path in inputs.items():
        _, run_id, attempt, _ = path.split("/")
        run = by_id[run_id]
        folders = (f"training/{run_id}/{number}" for number in range(int(attempt), 0, -1))
        manifest = next((text for folder in folders if (text := read(f"{folder}/manifest.json"))), None)
        members: tuple[Version, ...] = ((run.blob, run.etag),)
        if manifest is not None:
            members = tuple((member["blob"], member["etag"]) for member in json.loads(manifest)["members"])
        rows = list(csv.reader(io.StringIO(read(path) or "", newline="")))
        sets.append(TrainedSet(f"job {job_id}", run_id, members, rows))
    return sets


def broken_batches(runs: Iterable[Run], read: Callable[[str], str | None]) -> list[str]:
    """Every batched version is in the one sealed batch whose carrier it names.

    `read` returns the text of a blob: container/path.
    """
    by_id = {run.run_id: run for run in runs}
    lists = {run_id: _members_of(run, read) for run_id, run in by_id.items() if run.batch is not None}
    problems = [*_broken_seals(by_id, lists)]
    for run in by_id.values():
        if run.state is RunState.BATCHED and not run.batch_run_id:
            problems.append(f"run {run.run_id} is batched, and names no run that carries its batch")
        if not run.batch_run_id:
            continue
        if run.batch is not None:
            problems.append(f"run {run.run_id} carries a batch, and is in that of run {run.batch_run_id}")
        if run.batch_run_id not in lists:
            problems.append(f"run {run.run_id} is batched with run {run.batch_run_id}, which carries no batch")
        elif run.run_id not in lists[run.batch_run_id]:
            problems.append(f"run {run.run_id} is batched with run {run.batch_run_id}, whose seal does not list it")
    return problems


def _members_of(run: Run, read: Callable[[str], str | None]) -> list[str]:
    text = read(run.batch.members) if run.batch is not None else None
    return [member["run_id"] for member in json.loads(text)["members"]] if text is not None else []


def _broken_seals(by_id: Mapping[str, Run], lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    sequences: dict[int, str] = {}
    for run_id, members in lists.items():
        batch = by_id[run_id].batch
        if batch is None:
            continue
        if len(members) != batch.size:
            yield f"run {run_id}: its batch was sealed with {batch.size} members, and {batch.members} lists {members}"
        if run_id not in members:
            yield f"run {run_id} carries a batch that it is not in"
        if batch.sequence in sequences:
            yield f"runs {run_id} and {sequences[batch.sequence]} carry the same seal, {batch.sequence}"
        sequences[batch.sequence] = run_id


def broken_sets(sets: Iterable[TrainedSet], runs: Iterable[Run]) -> list[str]:
    """No set has a member without a run, in quarantine or without a batch; members are in order of generation."""
    by_version = {(run.blob, run.etag): run for run in runs}
    problems = []
    for trained in sets:
        unknown = [version for version in trained.members if version not in by_version]
        if unknown:
            problems.append(f"{trained.name} has members without a run: {unknown}")
            continue
        members = [by_version[version] for version in trained.members]
        problems += [
            f"{trained.name} has the member {run.blob} ({run.etag}), whose run is {run.state}"
            for run in members
            if run.state in {RunState.QUARANTINED, RunState.WAITING}
        ]
        generations = [run.file_generation for run in members]
        if generations != sorted(set(generations)):
            problems.append(f"{trained.name}: its members are not in order of generation: {generations}")
    return problems


def wrong_rows(sets: Iterable[TrainedSet], rows_of: Callable[[Version], Sequence[Mapping[str, str]]]) -> list[str]:
    """The input of a job is the header and the rows of its members, in order, as they were meant.

    `rows_of` returns the clean rows of a version by name; a column that it lacks is empty.
    """
    problems = []
    for trained in sets:
        names = list(trained.rows[0]) if trained.rows else []
        expected = [[row.get(name, "") for name in names] for version in trained.members for row in rows_of(version)]
        actual = [list(row) for row in trained.rows[1:]]
        if actual == expected and names:
            continue
        first = next(
            (number for number, pair in enumerate(zip(actual, expected, strict=False)) if pair[0] != pair[1]), 0
        )
        problems.append(
            f"{trained.name} has {len(actual)} rows, its members have {len(expected)}; row {first + 1} is"
            f" {actual[first : first + 1]} in place of {expected[first : first + 1]}"
        )
    return problems


def in_two_batches(sets: Iterable[TrainedSet], retried: Collection[Version] = ()) -> list[str]:
    """With `training_set = "batch"` no version is trained by two runs, unless a person had it `retried`."""
    trained_by: dict[Version, str] = {}
    return [
        f"{version[0]} ({version[1]}) is trained by run {trained_by[version]} and by run {trained.run_id}"
        for trained in sets
        for version in trained.members
        if version not in retried and trained_by.setdefault(version, trained.run_id) != trained.run_id
    ]
