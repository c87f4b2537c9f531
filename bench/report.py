"""The report: a table of measurements against goals, and the list of every request of a journey."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.findings import Findings, Journey, Row
from bench.listing import purpose, short_path

PIPED_WIDTH = 160


def show(findings: Findings, console: Console) -> None:
    """Print the report."""
    for journey in findings.journeys:
        console.print(requests_table(journey))
    console.print(rows_table(findings))
    for one in findings.left_out:
        console.print(f"[yellow]left out: {escape(one.what)}:[/] {escape(one.why)}")


def rows_table(findings: Findings) -> Table:
    """Return the table of measurements."""
    table = Table(
        title="Against the goals", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("unit")
    table.add_column("verdict")
    for row in findings.rows:
        goal = "" if row.goal is None else f"{row.goal:g}"
        table.add_row(escape(row.what), f"{row.measured:g}", goal, escape(row.unit), _colored(row))
    return table


def requests_table(journey: Journey) -> Table:
    """Return the list of a journey's requests."""
    title = f"One file from landing to promoted: {journey.title}, {len(journey.requests)} requests"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("", "in", "method", "kind", "path", "status", "what"):
        table.add_column(heading, justify="right" if heading == "" else "left", no_wrap=True)
    for number, (part, one) in enumerate(journey.requests, start=1):
        path = escape(short_path(one, journey.names))
        table.add_row(str(number), part, one.method, one.service, path, str(one.status), escape(purpose(one)))
    return table


def _colored(row: Row) -> str:
    color = "red" if row.failed else "green" if row.ok else "yellow"
    return f"[{color}]{escape(row.verdict)}[/]" if row.verdict else ""
