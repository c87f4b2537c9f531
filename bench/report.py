"""The report: a table of measurements beside their goals, and a list of every request of a promotion."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.request_labels import purpose, short_path
from bench.results import PromotionRequests, Results, Row

PIPED_WIDTH = 160


def show(results: Results, console: Console) -> None:
    """Print the report."""
    for promotion in results.promotions:
        console.print(requests_table(promotion))
    console.print(rows_table(results))
    for left_out in results.left_out:
        console.print(f"[yellow]left out: {escape(left_out.what)}:[/] {escape(left_out.why)}")


def rows_table(results: Results) -> Table:
    """Return the table of measurements."""
    table = Table(
        title="Against the goals", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("unit")
    table.add_column("verdict")
    for row in results.rows:
        goal = "" if row.goal is None else f"{row.goal:g}"
        table.add_row(escape(row.what), f"{row.measured:g}", goal, escape(row.unit), _colored(row))
    return table


def requests_table(promotion: PromotionRequests) -> Table:
    """Return the list of a promotion's requests."""
    title = f"One file from landing to promoted: {promotion.title}, {len(promotion.requests)} requests"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("", "in", "method", "kind", "path", "status", "what"):
        table.add_column(heading, justify="right" if heading == "" else "left", no_wrap=True)
    for number, (function, exchange) in enumerate(promotion.requests, start=1):
        path = escape(short_path(exchange, promotion.names))
        status = str(exchange.status)
        table.add_row(str(number), function, exchange.method, exchange.service, path, status, escape(purpose(exchange)))
    return table


def _colored(row: Row) -> str:
    color = "yellow"
    if row.failed:
        color = "red"
    elif row.ok:
        color = "green"
    return f"[{color}]{escape(row.verdict)}[/]" if row.verdict else ""
