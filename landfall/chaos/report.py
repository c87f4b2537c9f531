"""The result of a chaos run: the fixed JSON for scripts, a table and sentences for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from landfall.console import escape

MAX_SHOWN = 12  # sentences of one kind


@dataclass(frozen=True)
class Report:
    """The result. Each list holds a sentence for each violation.

    Attributes:
        missed: what the chaos run failed to do: too few kills while a run was unsettled, a state that no kill hit, a
            time-out.
        wrong_sets: training sets that are not what their batches and files say; they count as trained twice.
        broken: the violations that `landfall verify` reports.
        notes: facts that are no violation.
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
    wrong_sets: Sequence[str] = ()
    missed: Sequence[str] = ()
    notes: Sequence[str] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether no invariant is violated and the chaos run did all that it planned."""
        violations = (self.lost, self.trained_twice, self.backward, self.unverified, self.secrets)
        return not any((*violations, self.wrong_sets, self.broken, self.missed))

    def to_json(self) -> dict[str, Any]:
        """Return the fixed JSON."""
        return {
            "ok": self.ok,
            "landed": self.landed,
            "outcomes": dict(self.outcomes),
            "kills": dict(self.kills),
            "lost": len(self.lost),
            "trained_twice": len(self.trained_twice) + len(self.wrong_sets),
            "backward": len(self.backward),
            "unverified": len(self.unverified),
            "secrets": len(self.secrets),
            "longest_recovery_s": round(self.longest_recovery_s, 1),
        }

    def table(self) -> Table:
        """Return the table for people."""
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_row("files landed", f"{self.landed} versions")
        table.add_row("outcomes", counts_text(self.outcomes))
        table.add_row("unsettled at a kill", counts_text(self.kills))
        for name, sentences in (
            ("files lost", self.lost),
            ("versions trained twice", self.trained_twice),
            ("batches and training sets that are wrong", self.wrong_sets),
            ("endpoints left on older data", self.backward),
            ("endpoints left unverified", self.unverified),
            ("secrets in rows, messages, logs", self.secrets),
            ("broken, says `landfall verify`", self.broken),
        ):
            table.add_row(name, f"[red]{len(sentences)}[/]" if sentences else "[green]0[/]")
        table.add_row("longest recovery", f"{self.longest_recovery_s:.1f} s")
        return table

    def explain(self, out: Console) -> None:
        """Print a sentence for every violation, then the notes."""
        for name, sentences in (
            ("lost", self.lost),
            ("trained twice", self.trained_twice),
            ("wrong set", self.wrong_sets),
            ("backward", self.backward),
            ("unverified", self.unverified),
            ("secret", self.secrets),
            ("broken", self.broken),
            ("not done", self.missed),
        ):
            for sentence in sentences[:MAX_SHOWN]:
                out.print(f"[red]{name}[/]: {escape(sentence)}")
            if len(sentences) > MAX_SHOWN:
                out.print(f"[red]{name}[/]: … and {len(sentences) - MAX_SHOWN} more")
        for note in self.notes:
            out.print(f"[dim]{escape(note)}[/]")


def counts_text(counts: Mapping[str, int]) -> str:
    """Return counts in words: "3 lost, 2 delivered"."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
