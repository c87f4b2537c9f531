"""`python -m bench.quality`: prints where the studio's models are behind scikit-learn's, and by how much."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from bench.quality.generators import generated
from bench.quality.samples import Sample, bundled, from_csv
from bench.quality.trial import ALLOWED, MEASURES, Comparison, run
from studio.errors import StudioError
from studio.models.model import Task
from studio.training.training_plan import BOOSTED, LEARNERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials; returns 1 if the studio is behind on one, 2 if one could not be made."""
    options = _parser().parse_args(arguments)
    warnings.simplefilter("ignore")
    behind = 0
    _say(f"{'table':32} {'rows':>7} {'measure':9} {'studio':>8} {'oracle':>8} {'ahead':>8} {'noise':>7}  loss, s")
    try:
        for samples in _tables(options):
            comparison = Comparison(
                samples[0], [run(sample, seed, options.learner) for seed, sample in enumerate(samples)]
            )
            behind += comparison.behind
            _say(_line(comparison))
    except (StudioError, OSError, ValueError) as error:
        print(f"bench.quality: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    allowed = ", ".join(f"{MEASURES[task]} {most:g}" for task, most in ALLOWED.items())
    _say(f"behind by more than is allowed ({allowed}) on {behind} tables")
    return int(bool(behind))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a command


def _tables(options: argparse.Namespace) -> Iterator[list[Sample]]:
    """Yield the same table for each seed: made anew, where it is made up."""
    if options.csv:
        yield [from_csv(options.csv, options.label, options.positive, options.task)] * options.seeds
        return
    fixed = [[sample] * options.seeds for sample in bundled()]
    made = zip(*map(generated, range(options.seeds)), strict=True)
    for samples in (*fixed, *map(list, made)):
        if options.only in samples[0].name:
            yield samples


def _line(found: Comparison) -> str:
    sides = [(found.mean(side, "loss"), found.mean(side, "seconds")) for side in ("studio", "oracle")]
    losses = f"{sides[0][0]:.4g}/{sides[1][0]:.4g}  {sides[0][1]:.2f}/{sides[1][1]:.2f}"
    sample = found.sample
    return (
        f"{sample.name:32} {sample.rows:7} {sample.task:10} {found.mean('studio', 'measure'):8.4f}"
        f" {found.mean('oracle', 'measure'):8.4f} {found.ahead:+8.4f} {found.noise:7.4f}  {losses}"
        f"{'  BEHIND' if found.behind else ''}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.quality", description="Compare the studio's models with an oracle's.")
    parser.add_argument("--csv", type=Path, help="a CSV of your own, instead of the tables that come along")
    parser.add_argument("--label", help="its column to predict")
    parser.add_argument("--positive", default="", help="of two classes the positive one")
    parser.add_argument("--task", choices=get_args(Task.__value__), default="binary")
    parser.add_argument("--learner", choices=LEARNERS, default=BOOSTED)
    parser.add_argument("--seeds", type=int, default=3, help="splits, and tables of each made-up kind (default: 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="tables whose name has this text")
    return parser


if __name__ == "__main__":
    sys.exit(main())
