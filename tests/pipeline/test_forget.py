"""An erasure request: every copy goes, no set has the file again, and the records say who asked and why."""

from collections import Counter
from dataclasses import replace

import pytest

from shared.errors import NoAnswerError, NotNowError, UnavailableError, UnknownError
from shared.intake.manifest import manifest_from
from shared.intake.settings import BatchSettings, IntakeSettings, SchemaSource, TrainingSetKind
from shared.lifecycle.job_paths import kept_original_path, manifest_path
from shared.operators.forget import ERASED_AGAIN_S, forget
from shared.pipeline.erasing import erase_again
from shared.ports.training_service import JobState
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from tests.pipeline import reading_world
from tests.pipeline.batch_world import BatchWorld, batch_routes, joined
from tests.pipeline.operator_calls import ask
from tests.pipeline.world import FAULT, DiedError, World


def growing() -> BatchWorld:
    """Return a world whose sets have all files so far."""
    return BatchWorld(batch_routes(joined(TrainingSetKind.ACCUMULATE)))


def trained(world: BatchWorld, name: str) -> Run:
    """Return the run of a file whose job is started."""
    run = world.accept(name)
    world.seal()
    return world.assemble(world.run(run.run_id))


def files(world: BatchWorld, run: Run) -> list[str]:
    """Return the names of the files of a run's set."""
    return [member.blob for member in manifest_from(world.blobs.text(manifest_path(run)) or "").members]


def paths_with(world: World, text: str) -> list[str]:
    """Return every blob that holds a text."""
    containers = ("incoming", "training", "quarantine", "archive", "models")
    blobs = [str(version.path) for container in containers for version in world.blobs.versions(container)]
    return [path for path in blobs if text.encode() in (world.blobs.content(path) or b"")]


def test_a_file_that_waits_is_forgotten_at_once() -> None:
    """Its run ends, its part goes, and the next set is without it; no other file loses its turn."""
    world = growing()
    gone = world.accept("gone.csv", "secret,no\n")
    stays = world.accept("stays.csv")
    assert forget(world.services, "census/gone.csv", "ada", "erasure").runs == (gone.run_id,)
    ended = world.run(gone.run_id)
    assert (ended.state, ended.forgotten) == (RunState.CANCELLED, "ada: erasure")
    assert paths_with(world, "secret") == []
    carrier = world.seal()
    assert carrier.run_id == stays.run_id
    assert files(world, world.assemble(carrier)) == ["census/stays.csv"]


def test_the_original_beside_a_part_goes_as_well() -> None:
    """A file of a growing set is kept twice; neither copy stays."""
    routes = batch_routes(joined(TrainingSetKind.ACCUMULATE), IntakeSettings(min_rows=1, schema=SchemaSource.NONE))
    world = BatchWorld(routes)
    run = world.land("census/gone.csv", "age,workclass\n39,secret\n")
    world.read()
    assert str(kept_original_path(run)) in paths_with(world, "secret")
    forget(world.services, "census/gone.csv", "ada", "erasure")
    assert paths_with(world, "secret") == []


def test_the_same_bytes_under_other_names_are_named() -> None:
    """They hold the same person's rows. What another file holds, or what was forgotten already, is not named."""
    routes = batch_routes(joined(TrainingSetKind.ACCUMULATE), IntakeSettings(min_rows=1, schema=SchemaSource.NONE))
    world = BatchWorld(routes)
    for name, row in (("monday", "39,secret"), ("montag", "39,secret"), ("lundi", "39,secret"), ("tuesday", "40,x")):
        world.land(f"census/{name}.csv", f"age,workclass\n{row}\n")
        world.read()
    answer = forget(world.services, "census/monday.csv", "ada", "erasure")
    assert answer.to_json()["same_bytes"] == ["census/lundi.csv", "census/montag.csv"]
    assert forget(world.services, "census/lundi.csv", "ada", "erasure").same_bytes == ("census/montag.csv",)
    assert forget(world.services, "census/montag.csv", "ada", "erasure").same_bytes == ()
    assert paths_with(world, "secret") == []


def test_while_a_job_reads_the_file_the_request_is_refused() -> None:
    """The refusal names the run and changes nothing."""
    world = growing()
    run = trained(world, "gone.csv")
    with pytest.raises(NotNowError, match=run.run_id):
        forget(world.services, "census/gone.csv", "ada", "erasure")
    assert world.run(run.run_id) == run
    assert world.runs.part(run) is not None
    assert world.blobs.text(run.input_blob) is not None


def test_with_cancel_the_job_ends_first() -> None:
    """A job that runs on after its cancellation would still read the file, so the request must be repeated."""
    world = growing()
    run = trained(world, "gone.csv")
    forgotten = forget(world.services, "incoming/census/gone.csv", "ada", "erasure", cancel=True)
    assert forgotten.cancelled == (run.run_id,)
    assert world.training.jobs[run.job_id].state is JobState.CANCELLED
    assert world.run(run.run_id).state is RunState.CANCELLED
    assert world.blobs.text(run.input_blob) is None
    assert world.runs.part(run) is None


def test_every_later_set_that_has_the_file_is_deleted_and_its_models_are_named() -> None:
    """The joined input of another run holds its rows, too; a later set is without them."""
    world = growing()
    gone = world.accept("gone.csv", "secret,no\n")
    world.seal()
    first = world.assemble(world.run(gone.run_id))
    second = trained(world, "second.csv")
    for run in (first, second):
        world.training.finish(run.job_id, "better", "Accuracy,AUC\n0.8,0.9\n")
        world.evaluate(world.tick())
    ends = [world.settle(world.run(run.run_id)) for run in (first, second)]
    assert len(paths_with(world, "secret")) == 4  # original, part, and the inputs of two runs
    forgotten = forget(world.services, "census/gone.csv", "ada", "erasure")
    assert paths_with(world, "secret") == []
    assert {model.run_id for model in forgotten.models} == {run.run_id for run in ends if run.challenger is not None}
    assert forgotten.models
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert [model.run_id for model in forgotten.models if model.serves] == [champion.run_id]
    assert world.blobs.text(manifest_path(second)) is not None
    assert files(world, trained(world, "third.csv")) == ["census/second.csv", "census/third.csv"]


def test_a_model_is_found_after_the_folder_of_its_run_was_deleted_by_age() -> None:
    """Storage deletes folders after some months; a model may serve for years, and the request must name it."""
    world = growing()
    gone = world.accept("gone.csv", "secret,no\n")
    world.seal()
    world.assemble(world.run(gone.run_id))
    second = trained(world, "second.csv")
    world.training.finish(second.job_id, "better", "Accuracy,AUC\n0.8,0.9\n")
    world.evaluate(world.tick())
    assert world.settle(world.run(second.run_id)).state is RunState.PROMOTED
    world.training.fail(world.run(gone.run_id).job_id, "no capacity")
    world.tick()
    for run in (gone, second):
        for version in list(world.blobs.versions("training", f"{run.run_id}/")):
            world.blobs.delete(str(version.path))
    (model,) = forget(world.services, "census/gone.csv", "ada", "erasure").models
    assert (model.run_id, model.serves) == (second.run_id, True)


@pytest.mark.parametrize("ended", [False, True])
def test_the_set_of_a_file_that_was_found_late_is_found_by_its_newer_files(ended: bool) -> None:
    """While such a set is assembled, its run still has the generation of its own, older file."""
    world = growing()
    gone = trained(world, "gone.csv")
    world.training.finish(gone.job_id, "better", "Accuracy,AUC\n0.8,0.9\n")
    world.settle(gone)
    late = world.accept("late.csv", modified_ago_s=5000)
    carrier = world.seal()
    world.blobs.faults.fail_next("join", NoAnswerError(FAULT), after=True)
    late = world.assemble(carrier)
    assert late.generation < gone.generation
    assert files(world, late) == ["census/late.csv", "census/gone.csv"]
    if ended:
        stored = world.runs.get("census", late.run_id)
        assert stored is not None
        world.services.save_run(stored, stored.run.transitioned(world.clock.now(), RunState.FAILED, "by a test"))

    forgotten = forget(world.services, "census/gone.csv", "ada", "erasure", cancel=True)

    assert forgotten.cancelled == (() if ended else (late.run_id,))
    assert [path for path in paths_with(world, "gone.csv,") if path.endswith(".csv")] == []


def test_a_request_reads_the_runs_of_the_file_and_the_sets_that_may_have_it() -> None:
    """However many other runs there are: single files, members of batches, and what ended long before it landed."""
    world = growing()
    first = trained(world, "first.csv")
    for number in range(50):
        run = world.claim(f"alone-{number}.csv")
        world.services.save_run(run, run.run.transitioned(world.clock.now(), RunState.QUARANTINED, "bad"))
    world.training.finish(first.job_id, "better", "Accuracy,AUC\n0.8,0.9\n")
    world.settle(first)
    world.clock.advance(2 * 86400)
    world.accept("gone.csv")
    world.accept("second.csv")
    world.assemble(world.seal())
    calls, texts = Counter(world.runs.faults.calls), world.blobs.faults.calls["read_text"]

    forget(world.services, "census/gone.csv", "ada", "erasure", cancel=True)

    read = world.runs.faults.calls - calls
    assert (read["list_runs"], read["carriers"], read["runs_of_blob"]) == (0, 2, 1)
    assert read["get"] <= 6
    # The manifest of the one set, before and after the mark; and the one version of the schema.
    assert world.blobs.faults.calls["read_text"] - texts == 3


def test_a_set_that_began_alone_stays_so_when_the_route_begins_to_grow() -> None:
    """A run without a batch never has the rows of other files, so no request has to look into it."""
    world = BatchWorld(batch_routes(joined()))
    trained(world, "a.csv")
    alone = world.accept("b.csv")
    carrier = world.seal()
    assert carrier.batch is None
    world.services = replace(world.services, routes=batch_routes(joined(TrainingSetKind.ACCUMULATE)))
    assert files(world, world.assemble(world.run(alone.run_id))) == ["census/b.csv"]


def test_the_schema_versions_that_the_file_taught_are_named() -> None:
    """They stay, since other files are checked against them; those that followed keep the notes of the one before."""
    world = reading_world.world_with(BatchSettings(training_set=TrainingSetKind.ACCUMULATE, debounce_s=0))
    header = "age,workclass,income\n"
    reading_world.read(world, "census/a.csv", f"{header}39,Secret,no\n50,Private,yes\n")
    later = reading_world.read(world, "census/b.csv", f"{header}39.5,Private,no\n")
    assert later.intake is not None
    assert later.intake.schema == 2
    versions = [f"models/schemas/census/{number}.json" for number in (1, 2)]
    assert paths_with(world, '"Secret"') == versions

    assert forget(world.services, "census/b.csv", "ada", "erasure").schemas == (versions[1],)
    assert forget(world.services, "census/a.csv", "ada", "erasure").to_json()["schemas"] == versions
    assert reading_world.read(world, "census/c.csv", f"{header}40,Private,no\n").state is RunState.WAITING


def test_the_warnings_of_an_accepted_file_are_deleted() -> None:
    """They stand beside its original, and may say what is in it."""
    world = growing()
    run = world.accept("gone.csv")
    world.blobs.put("training", f"{run.run_id}/1/problems.json", '"secret"')
    forget(world.services, "census/gone.csv", "ada", "erasure")
    assert paths_with(world, "secret") == []


def test_copies_in_quarantine_and_archive_and_the_file_itself_are_deleted() -> None:
    """Only the version that was claimed: a newer one that stands there now has a run of its own."""
    world = growing()
    version = world.blobs.put("incoming", "census/gone.csv", "secret,no\n")
    run = world.accept("gone.csv", "secret,no\n", etag=version.etag)
    world.blobs.put("quarantine", f"census/{run.run_id}/census/gone.csv", "secret,no\n")
    world.blobs.put("quarantine", f"census/{run.run_id}/problems.json", '"secret"')
    world.blobs.put("archive", f"census/{run.run_id}/census/gone.csv", "secret,no\n")
    forget(world.services, "census/gone.csv", "ada", "erasure")
    assert paths_with(world, "secret") == []
    newer = world.blobs.put("incoming", "census/gone.csv", "consented,no\n")
    forget(world.services, "census/gone.csv", "ada", "again")
    assert world.blobs.version("incoming", "census/gone.csv") == newer


@pytest.mark.parametrize("operation", ["forget", "versions", "delete"])
@pytest.mark.parametrize("after", [False, True])
def test_a_request_that_is_interrupted_is_simply_repeated(operation: str, after: bool) -> None:
    """At the end the same is gone, and the first reason stays."""
    world = growing()
    run = world.accept("gone.csv", "secret,no\n")
    faults = world.runs.faults if operation == "forget" else world.blobs.faults
    faults.fail_next(operation, DiedError(), after=after)
    with pytest.raises(DiedError):
        forget(world.services, "census/gone.csv", "ada", "erasure")
    forget(world.services, "census/gone.csv", "ada", "erasure")
    assert paths_with(world, "secret") == []
    assert world.run(run.run_id).forgotten == "ada: erasure"
    assert world.runs.part(run) is None


def test_a_set_that_is_decided_while_the_file_is_forgotten_is_not_trained() -> None:
    """The second look finds it: without `cancel` the request is refused, and asked again it is complete."""
    world = growing()
    gone = world.accept("gone.csv", "secret,no\n")
    carrier = world.seal()

    def meanwhile() -> None:
        world.assemble(carrier)

    world.runs.faults.run_at_next("forget", meanwhile)
    forget(world.services, "census/gone.csv", "ada", "erasure", cancel=True)
    assert paths_with(world, "secret") == []
    assert world.run(gone.run_id).state is RunState.CANCELLED
    assert world.training.started == [] or world.training.started[0].state is JobState.CANCELLED


def test_a_worker_that_decides_its_set_while_the_file_is_forgotten_decides_it_anew() -> None:
    """It has read the parts, and is paused until the file is marked: its next attempt is without the file."""
    world = growing()
    world.accept("gone.csv", "secret,no\n")
    stays = world.accept("stays.csv")
    carrier = world.seal()
    assert carrier.run_id == stays.run_id
    world.blobs.faults.run_at_next(
        "create_text", lambda: forget(world.services, "census/gone.csv", "ada", "erasure", cancel=True)
    )

    paused = world.assemble(carrier)

    assert (paused.state, paused.step, paused.attempt) == (RunState.LANDED, LandedStep.PREPARING, 2)
    assert "census/gone.csv was forgotten" in paused.reason
    assert world.training.started == []
    again = world.assemble(paused)
    assert again.state is RunState.STARTED
    assert files(world, again) == ["census/stays.csv"]
    assert paths_with(world, "secret") == []


def test_an_erasure_that_stopped_before_its_mark_deletes_nothing() -> None:
    """Nobody was told that the file is forgotten, so sweeps leave it alone, and the record goes."""
    world = growing()
    run = world.accept("stays.csv", "wanted,no\n")
    world.runs.faults.fail_next("forget", DiedError())
    with pytest.raises(DiedError):
        forget(world.services, "census/stays.csv", "ada", "erasure")
    before = paths_with(world, "wanted")

    world.clock.advance(ERASED_AGAIN_S)
    assert erase_again(world.services) == 0

    assert paths_with(world, "wanted") == before != []
    assert world.run(run.run_id).forgotten == ""
    assert world.runs.erasures() == []


def test_the_input_of_a_carrier_that_ended_before_its_set_was_recorded_is_deleted() -> None:
    """Its worker joined the set and died, and then somebody cancelled the run: only the manifest tells what it has."""
    world = growing()
    world.accept("gone.csv", "secret,no\n")
    carrier = world.accept("stays.csv")
    world.seal()
    world.blobs.faults.fail_next("join", DiedError(), after=True)
    with pytest.raises(DiedError):
        world.assemble(world.run(carrier.run_id))
    stored = world.runs.get("census", carrier.run_id)
    assert stored is not None
    world.services.save_run(stored, stored.run.transitioned(world.clock.now(), RunState.CANCELLED, "not wanted"))

    forget(world.services, "census/gone.csv", "ada", "erasure")

    assert paths_with(world, "secret") == []


def test_a_forgotten_file_is_never_trained_again() -> None:
    """Neither the sweep nor a retry claims that version."""
    world = growing()
    run = world.accept("gone.csv")
    forget(world.services, "census/gone.csv", "ada", "erasure")
    status, body = ask(world, "retry", run=run.run_id, by="bob")
    assert status == 409
    assert "erasure" in str(body)
    assert world.run(run.run_id).state is RunState.CANCELLED


def test_a_batch_whose_carrier_was_forgotten_is_trained_without_it() -> None:
    """The cancelled carrier stays in charge of the other files: its retry trains on what is left of the batch."""
    world = BatchWorld(batch_routes(joined()))
    world.accept("stays.csv")
    carrier = world.accept("gone.csv", "secret,no\n")
    world.seal()
    world.assemble(world.run(carrier.run_id))
    forget(world.services, "census/gone.csv", "ada", "erasure", cancel=True)
    status, body = ask(world, "retry", run=carrier.run_id, by="bob")
    assert status == 200, body
    again = world.assemble(world.run(carrier.run_id))
    assert again.state is RunState.STARTED
    assert again.forgotten == "ada: erasure"
    assert files(world, again) == ["census/stays.csv"]
    assert paths_with(world, "secret") == []


def test_a_file_without_a_run_is_unknown() -> None:
    """The answer says how the name must be written."""
    world = BatchWorld(batch_routes(joined(), IntakeSettings()))
    with pytest.raises(UnknownError, match="container incoming"):
        forget(world.services, "census/none.csv", "ada", "erasure")


def test_a_name_that_begins_as_the_container_is_called_means_one_file() -> None:
    """Where it could mean two, nothing is deleted, and the refusal has a name for each."""
    world = growing()
    routes = world.services.routes
    world.services = replace(world.services, routes=replace(routes, input="census"))
    short = world.accept("a.csv", "secret,no\n")
    assert forget(world.services, "census/a.csv", "ada", "erasure").runs == (short.run_id,)
    long = world.accept("census/a.csv", "other,no\n")
    assert long.blob == "census/census/a.csv"
    with pytest.raises(NotNowError, match=r"give census/census/census/a\.csv for"):
        forget(world.services, "census/census/a.csv", "ada", "erasure")
    assert paths_with(world, "other") != []
    forget(world.services, "census/census/census/a.csv", "ada", "erasure")
    assert world.run(long.run_id).forgotten


def test_the_operation_needs_a_reason_and_answers_in_json() -> None:
    """It names runs, models and deleted blobs; `cancel` is true or false."""
    world = growing()
    run = world.accept("gone.csv")
    assert ask(world, "forget", blob="census/gone.csv", by="ada")[0] == 400
    assert ask(world, "forget", blob="census/gone.csv", by="ada", reason="x", cancel="yes")[0] == 400
    status, body = ask(world, "forget", blob="census/gone.csv", by="ada", reason="erasure")
    assert status == 200, body
    assert body["runs"] == [run.run_id]
    assert (body["models"], body["cancelled"]) == ([], [])
    assert run.original_blob in body["deleted"]


def test_what_a_paused_worker_writes_afterwards_is_deleted_by_the_sweep() -> None:
    """For an hour each sweep deletes it again; then the record of the erasure goes."""
    world = growing()
    run = trained(world, "gone.csv")
    world.training.finish(run.job_id, "a model", "Accuracy,AUC\n0.8,0.9\n")
    world.settle(run)
    forget(world.services, "census/gone.csv", "ada", "erasure")
    late = (
        f"training/{run.run_id}/1/original.csv",
        f"training/parts/census/{run.run_id}/1-1-none.csv",
        f"quarantine/census/{run.run_id}/census/gone.csv",
        f"archive/census/{run.run_id}/census/gone.csv",
        f"training/{run.run_id}/1/manifest.profile.json",
    )
    for path in late:
        world.blobs.write_text(path, "secret\n")

    world.clock.advance(ERASED_AGAIN_S - 1)
    assert erase_again(world.services) == len(late)
    assert paths_with(world, "secret") == []

    world.clock.advance(1)
    assert erase_again(world.services) == 0
    assert world.runs.erasures() == []


def test_a_storage_that_does_not_answer_only_delays_an_erasure() -> None:
    """The record stays until a sweep after its end has deleted everything."""
    world = growing()
    run = world.accept("gone.csv", "secret,no\n")
    forget(world.services, "census/gone.csv", "ada", "erasure")
    world.blobs.write_text(f"training/{run.run_id}/1/original.csv", "secret\n")
    world.clock.advance(ERASED_AGAIN_S)

    world.runs.faults.fail_next("erasures", UnavailableError(FAULT))
    assert erase_again(world.services) == 0
    world.blobs.faults.fail_next("delete", UnavailableError(FAULT))
    assert erase_again(world.services) == 0
    assert paths_with(world, "secret") != []

    assert erase_again(world.services) == 1
    assert paths_with(world, "secret") == []
    assert world.runs.erasures() == []
