"""Texts of others on the terminal: no markup, no control or direction character of theirs takes effect there."""

import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.console import RenderResult as Rendered
from rich.markup import escape as without_markup
from rich.segment import Segment

from shared.visible_text import visible

PIPED_WIDTH = 10_000  # nothing is cut off, or broken, where no person looks: a reason may have 2,000 characters


def escape(text: str) -> str:
    """Return a text of somebody else's for a line that is printed with markup: it stays on its line, all shown."""
    return without_markup(visible(text))


def guard(console: Console) -> Console:
    """Have a console show control and direction characters as their codes, wherever they come from; returns it."""
    console.push_render_hook(_Guard())
    return console


class _Guard(RenderHook):
    """Wraps whatever is printed: styles and lines are rich's own, every text in them is made visible."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(one) for one in renderables]


class _Visible:
    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Rendered:
        yield from _visible(console.render(self._renderable, options))


def _visible(segments: Iterable[Segment]) -> Iterable[Segment]:
    for segment in segments:
        if segment.control:  # rich's own: a cursor that is moved
            yield segment
        else:
            yield Segment(visible(segment.text, keep="\n"), segment.style)


class _PipedConsole(Console):
    """Leaves it to the command what a reader that is gone means; rich would end it with status 1."""

    def on_broken_pipe(self) -> None:
        """Pass it on."""
        self.quiet = True  # whatever still wants to clean up behind itself would be refused as well
        raise BrokenPipeError


def console(*, quiet: bool = False) -> Console:
    """Return the console of a command: lines are never broken, so that what is piped stays one line a fact."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return guard(_PipedConsole(highlight=False, soft_wrap=True, quiet=quiet, width=width))
