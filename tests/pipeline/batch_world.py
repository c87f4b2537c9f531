"""A world whose route gathers its files: runs that were accepted, and the messages and ticks that carry them on."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.effects.route_schema import put_in_force, schema_in_force
from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.intake.table_schema import SchemaField, TableSchema
from shared.lifecycle.intake_states import INTAKE_STEPS, waits_for_batch
from shared.pipeline import intake_message
from shared.pipeline.batching import tend_batch
from shared.ports.stored_run import StoredRun
from shared.records.intake_record import IntakeRecord
from shared.records.messages import IntakeMessage
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_identity import generation_for, run_id_for
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from shared.routes.load import Routes
from shared.routes.route import Route
from tests.pipeline.world import World, example_routes

HEADER = "age,income\n"
LABELS = {"no": 5, "yes": 5}
SCHEMA = TableSchema(fields=(SchemaField(name="age"), SchemaField(name="income")))


def batch_routes(batch: BatchSettings | None, intake: IntakeSettings | None = None) -> Routes:
    """Return the example routes, whose route gathers its files as `batch` says."""
    routes = example_routes()
    route = replace(routes.routes["census"], batch=batch, intake=intake)
    return replace(routes, routes={"census": route})


class BatchWorld(World):
    """A world with accepted files: their parts and rows are as a reader would have left them."""

    def __post_init__(self) -> None:
        """Put the schema in force that the files were accepted by, where the route reads them."""
        super().__post_init__()
        none_yet = schema_in_force(self.services, self.batch_route)
        self.schema = put_in_force(self.services, none_yet, SCHEMA).number if none_yet.state is not None else None

    @property
    def batch_route(self) -> Route:
        """The route that gathers its files."""
        return self.services.routes.routes["census"]

    def accept(
        self,
        name: str,
        text: str = "",
        *,
        etag: str = "",
        modified_ago_s: float = 0,
        labels: Mapping[str, int] = LABELS,
        missing: Mapping[str, int] | None = None,
        rows: int = 10,
        header: str = HEADER,
        attempt: int = 1,
    ) -> Run:
        """Return the run of a file that has just been accepted, and waits for its batch."""
        stored = self.claim(name, text, etag=etag, modified_ago_s=modified_ago_s, attempt=attempt)
        run = stored.run
        content = text or f"{name},{run.etag}\n"
        part_path = f"training/parts/census/{run.run_id}/{attempt}-1-none.csv"
        version = self.blobs.put("training", part_path.removeprefix("training/"), content)
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        part = Part(
            run_id=run.run_id,
            attempt=attempt,
            route=run.route,
            blob=run.blob,
            blob_etag=run.etag,
            generation=run.generation,
            original=run.original_blob,
            original_etag="0x0",
            path=part_path,
            etag=version.etag,
            size=version.size,
            header=header,
            rows=rows,
            sha256=sha256,
            rows_sha256=sha256,
            encoding="utf-8",
            schema=self.schema,
            labels=dict(labels),
            missing=dict(missing or {}),
        )
        intake = IntakeRecord(rows, self.schema, "utf-8", ",", sha256)
        settings = self.batch_route.batch or BatchSettings()
        waiting = waits_for_batch(settings, run, self.clock.now(), intake=intake)
        return self.services.accept_part(stored, waiting, part).run

    def claim(
        self, name: str, text: str = "", *, etag: str = "", modified_ago_s: float = 0, attempt: int = 1
    ) -> StoredRun:
        """Return the run of a file that was claimed, and is being read."""
        self.clock.advance(1)
        now = self.clock.now()
        etag = etag or f"0x{self.runs.faults.calls['claim'] + 1}"
        name = f"census/{name}"
        run_id = run_id_for("incoming", name, etag)
        original = self.blobs.put("training", f"{run_id}/{attempt}/original.csv", text or "original")
        run = Run(
            run_id=run_id,
            route="census",
            container="incoming",
            blob=name,
            etag=etag,
            size=100,
            generation=generation_for(now - timedelta(seconds=modified_ago_s), now, run_id),
            state=RunState.LANDED,
            step=LandedStep.READING,
            landed_at=now,
            updated_at=now,
            not_before=now + timedelta(seconds=120),
            deadline_at=now + timedelta(days=1),
            attempt=attempt,
            original_blob=str(original.path),
        )
        return self.services.claim_run(run)

    def tend(self) -> StoredRun | None:
        """Let the tick look at the route's batch once."""
        return tend_batch(self.services, self.batch_route, self.runs.in_progress("census"))

    def seal(self, after_s: float = 61) -> Run:
        """Let the debounce pass, seal the batch, and return its carrier."""
        self.clock.advance(after_s)
        carrier = self.tend()
        assert carrier is not None, [(run.run.blob, run.run.reason) for run in self.runs.active("census")]
        return self.run(carrier.run.run_id)

    def assemble(self, run: Run) -> Run:
        """Deliver the message that announces a carrier; its set is assembled and its job started."""
        assert run.step in INTAKE_STEPS, run
        intake_message.read_and_assemble(self.services, IntakeMessage(run.route, run.run_id).to_text())
        return self.run(run.run_id)

    def promote(self, run: Run) -> Run:
        """Write the carrier's end as a promotion would."""
        stored = self.runs.get(run.route, run.run_id)
        assert stored is not None
        done = replace(
            stored.run, state=RunState.PROMOTED, step=None, revision=stored.run.revision + 1, deadline_at=None
        )
        return self.services.save_run(stored, done).run


def joined(kind: TrainingSetKind = TrainingSetKind.BATCH, **settings: int) -> BatchSettings:
    """Return settings of a joined kind, with the limits of the tests."""
    return BatchSettings(training_set=kind, **{"debounce_s": 60, "max_wait_s": 900, "max_files": 200, **settings})
