"""What a run found: the fixed JSON for scripts, a table and sentences for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from landfall.console import escape

SHOWN = 12  # sentences of one kind


@dataclass(frozen=True)
class Report:
    """The result. Each list holds a sentence for each violation.

    Attributes:
        missed: what the run itself failed to do: too few kills at a good moment, a state that none hit, a time-out.
        broken: what `landfall verify` found.
        notes: what else is worth knowing and no violation.
    """

    landed: int
    outcomes: Mapping[str, int]
    kills: Mapping[str, int]
    lost: Sequence[str]
    trained_twice: Sequence[str]
    backward: Sequence[str]
    unverified: Sequence[str]
    secrets: Sequence[str]
    longest_recovery_s: float
    broken: Sequence[str] = ()
    missed: Sequence[str] = ()
    notes: Sequence[str] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether every promise was kept and the run did what it set out to do."""
        violations = (self.lost, self.trained_twice, self.backward, self.unverified, self.secrets)
        return not any((*violations, self.broken, self.missed))

    def to_json(self) -> dict[str, Any]:
        """Return the fixed shape."""
        return {
            "ok": self.ok,
            "landed": self.landed,
            "outcomes": dict(self.outcomes),
            "kills": dict(self.kills),
            "lost": len(self.lost),
            "trained_twice": len(self.trained_twice),
            "backward": len(self.backward),
            "unverified": len(self.unverified),
            "secrets": len(self.secrets),
            "longest_recovery_s": round(self.longest_recovery_s, 1),
        }

    def table(self) -> Table:
        """Return the result for people."""
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_row("files landed", f"{self.landed} versions")
        table.add_row("outcomes", _counts(self.outcomes))
        table.add_row("unsettled at a kill", _counts(self.kills))
        for name, found in (
            ("files lost", self.lost),
            ("versions trained twice", self.trained_twice),
            ("endpoints left on older data", self.backward),
            ("endpoints left unverified", self.unverified),
            ("secrets in rows, messages, logs", self.secrets),
            ("broken, says `landfall verify`", self.broken),
        ):
            table.add_row(name, f"[red]{len(found)}[/]" if found else "[green]0[/]")
        table.add_row("longest recovery", f"{self.longest_recovery_s:.1f} s")
        return table

    def explain(self, out: Console) -> None:
        """Print every violation in words, then what is only worth knowing."""
        for name, found in (
            ("lost", self.lost),
            ("trained twice", self.trained_twice),
            ("backward", self.backward),
            ("unverified", self.unverified),
            ("secret", self.secrets),
            ("broken", self.broken),
            ("not done", self.missed),
        ):
            for sentence in found[:SHOWN]:
                out.print(f"[red]{name}[/]: {escape(sentence)}")
            if len(found) > SHOWN:
                out.print(f"[red]{name}[/]: … and {len(found) - SHOWN} more")
        for note in self.notes:
            out.print(f"[dim]{escape(note)}[/]")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
