"""The parts in the `runs` table: `part;<customer>;<generation>;<run_id>`, a range in the order of a training set."""

from collections.abc import Iterator

from shared.adapters.storage.record_codec import from_columns, to_columns
from shared.adapters.storage.run_rows import add_save, history_key, key_text, stored_run
from shared.adapters.storage.table_client import Transaction
from shared.adapters.storage.table_store import TableStore
from shared.ports.stored_run import StoredRun
from shared.records.part import Part
from shared.records.run import Run


class TablePartRows(TableStore):
    """The parts of `IntakeRows` on Azure Table Storage."""

    def accept(self, before: StoredRun, run: Run, part: Part) -> StoredRun:
        """Save a run and write its part; a part of an earlier attempt is replaced.

        Raises:
            StaleWriteError: the run was written since it was read.
            ValueError: the part is not the run's.
        """
        if (part.route, part.run_id, part.generation) != (run.route, run.run_id, run.file_generation):
            raise ValueError(f"the part of run {part.run_id} is not of run {run.run_id}")
        change = Transaction(run.route, fence=history_key(run))
        add_save(change, before, run)
        change.put(part_key(part), to_columns(part))
        return stored_run(run, self._write(change, f"run {run.run_id}"))

    def parts(self, route: str, customer: str = "") -> Iterator[Part]:
        """Read the parts of a route in the order of their generations, page by page.

        Raises:
            UnreadableRowError: a part cannot be read: a set without it would be wrong.
        """
        rows = self._table.query(
            "PartitionKey eq @route and RowKey ge @first and RowKey lt @end",
            route=route,
            first=f"part;{customer};",
            end=f"part;{customer}<",
        )
        return (from_columns(Part, row) for row in rows)

    def part(self, run: Run) -> Part | None:
        """Read the part of a run; None if it has none."""
        row = self._table.read(run.route, part_key(run))
        return None if row is None else from_columns(Part, row)

    def replace_part(self, part: Part) -> None:
        """Replace the part of a run, which was written anew.

        Raises:
            StaleWriteError: there is no such part, for it was forgotten.
        """
        key = part_key(part)
        change = Transaction(part.route, fence=key)
        change.replace(key, to_columns(part), None)
        self._write(change, f"the part of run {part.run_id} was deleted, or")

    def forget(self, before: StoredRun, run: Run) -> StoredRun:
        """Save a run, and delete its part if it has one.

        Raises:
            StaleWriteError: the run was written since it was read.
        """
        change = Transaction(run.route, fence=history_key(run))
        add_save(change, before, run)
        if self._table.read(run.route, part_key(run)) is not None:  # none can come: the run's ETag fences `accept`
            change.delete(part_key(run), None)
        return stored_run(run, self._write(change, f"run {run.run_id}"))


def part_key(part: Part | Run) -> str:
    """Return the key of a part, or of a run's part."""
    generation = part.generation if isinstance(part, Part) else part.file_generation
    return f"part;;{key_text(generation)};{part.run_id}"
