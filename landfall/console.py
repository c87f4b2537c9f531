"""Output on the terminal: no markup, control or direction character of a foreign text takes effect there."""

import json
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.console import RenderResult as Rendered
from rich.markup import escape as without_markup
from rich.segment import Segment

from shared.visible_text import visible

PIPED_WIDTH = 10_000  # a pipe gets every line whole: a reason may have 2,000 characters


def escape(text: str) -> str:
    """Return a foreign text for a line with markup: on one line, and without effect on the terminal."""
    return without_markup(visible(text))


def print_json(document: object, *, indent: int | None = 2) -> None:
    """Print a JSON document for scripts on standard output."""
    sys.stdout.write(f"{json.dumps(document, indent=indent)}\n")


def console(*, quiet: bool = False) -> Console:
    """Return the console of a command. It never wraps lines, so a fact stays on one line in a pipe."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return guard(_PipedConsole(highlight=False, soft_wrap=True, quiet=quiet, width=width))


def guard(console: Console) -> Console:
    """Make a console show control and direction characters as their codes; returns it."""
    console.push_render_hook(_Guard())
    return console


class _PipedConsole(Console):
    """Lets the command handle a closed pipe; rich itself would exit with status 1."""

    def on_broken_pipe(self) -> None:
        """Raise the error that rich caught."""
        self.quiet = True  # later output, for example while a stack stops, would fail as well
        raise BrokenPipeError


class _Guard(RenderHook):
    """Wraps everything that is printed: rich keeps its styles and lines, every text in them becomes visible."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(renderable) for renderable in renderables]


class _Visible:
    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Rendered:
        yield from _visible(console.render(self._renderable, options))


def _visible(segments: Iterable[Segment]) -> Iterable[Segment]:
    for segment in segments:
        if segment.control:  # rich's own cursor movement
            yield segment
        else:
            yield Segment(visible(segment.text, keep="\n"), segment.style)
