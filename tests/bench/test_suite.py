"""A small real run: storage emulator, studio and the app's own pipeline, counted."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench import suite
from bench.environment import ROUTE, running_environment
from bench.history import History
from bench.report import show
from bench.request_recorder import STUDIO_AGENT
from bench.results import Results

pytestmark = pytest.mark.deep  # half a minute; `make bench` measures the same

HISTORY = 200
PROMOTION = "one file from landing to promoted"


@pytest.fixture(scope="module")
def results() -> Results:
    """Measure once for all tests here."""
    grown: list[int] = []
    results = suite.measure(HISTORY, lambda _what: None, grown.append)
    assert grown[-1] == HISTORY
    return results


@pytest.mark.timeout(300)
def test_nothing_asks_for_more_than_promised(results: Results) -> None:
    """Ticks idle, pending and beside a history, a sweep, a set, a burst: every count is within its limit."""
    ticks = [row for row in results.rows if row.limit is not None and not row.what.startswith(PROMOTION)]

    assert len(ticks) == 13
    assert [row.what for row in ticks if not row.ok] == []
    rows_read = next(row for row in ticks if row.unit == "rows read")
    assert rows_read.measured == rows_read.goal == 10


@pytest.mark.timeout(300)
def test_every_request_of_a_promotion_is_listed(results: Results) -> None:
    """The list has as many requests as are counted, the app's only, from the blob's properties to the last write."""
    counted = [row for row in results.rows if row.what.startswith(PROMOTION)]

    assert [row.measured for row in counted] == [len(promotion.requests) for promotion in results.promotions]
    for promotion in results.promotions:
        exchanges = [exchange for _, exchange in promotion.requests]
        assert {exchange.service for exchange in exchanges} == {"table", "blob", "studio"}
        assert [each.method for each in exchanges if each.path.endswith("/endpoints/production")] == ["PATCH"]
        assert (exchanges[0].service, exchanges[0].method) == ("blob", "HEAD")
        assert not any(STUDIO_AGENT in exchange.headers.get("user-agent", "") for exchange in exchanges)
        assert not any(exchange.status >= 500 for exchange in exchanges)


@pytest.mark.timeout(300)
def test_waiting_and_imports_are_reported_without_a_limit(results: Results) -> None:
    """Values that depend on another service or on the machine's speed are reported and never fail."""
    reported = [row for row in results.rows if row.limit is None]

    assert {row.what.partition(": ")[0] for row in reported} >= {
        "of these in a promotion over a champion",
        "a sweep, for each file that lies there",
        "a sweep, besides",
        "each tick more that the staging endpoint takes",
        "each tick more that the serving endpoint takes",
        "`import function_app`",
        "the zip",
        "imports of a new worker, from the zip",
        "assembling 1,000 files",
        "a burst of 50 files, for each member file",
        "checking a file of 1 MB, 20 typed columns",
        "checking a file of 1000 MB, 20 typed columns",
    }
    assert all(row.measured > 0 for row in reported)
    assert not any(row.failed for row in reported)


@pytest.mark.timeout(300)
def test_the_report_shows_no_secret(results: Results) -> None:
    """The requests carry keys and tokens; the printed list has none of them."""
    console = Console(file=io.StringIO(), width=200)
    show(results, console)
    assert isinstance(console.file, io.StringIO)

    text = console.file.getvalue()
    assert all(row.what in text for row in results.rows)
    assert not any(secret in text for secret in ("sig=", "Bearer", "AccountKey"))


@pytest.mark.timeout(300)
def test_a_history_holds_as_many_finished_runs_as_it_says(tmp_path: Path) -> None:
    """The written copies are runs that the app can read: each with its outcome and its own history."""
    with running_environment(tmp_path, 0) as environment:
        history = History(environment)
        history.grow_to(150, lambda _finished: None)
        runs = [stored.run for stored in environment.services.runs.list_runs(ROUTE, limit=1000)]

        assert (len(runs), {run.terminal for run in runs}) == (150, {True})
        last = [environment.services.runs.history(ROUTE, run.run_id)[-1].state for run in runs]
        assert last == [run.state for run in runs]
