"""`python -m bench.quality`: prints how far the studio's models are ahead of scikit-learn's, or behind."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from bench.quality.generators import generated
from bench.quality.samples import Sample, bundled, from_csv
from bench.quality.trial import MAX_BEHIND, MEASURES, Comparison, run
from studio.errors import StudioError
from studio.models.model import Task
from studio.training.training_plan import BOOSTED, LEARNERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials. Return 1 if the studio is behind on a table by more than is allowed, 2 if a trial failed."""
    options = _parser().parse_args(arguments)
    warnings.simplefilter("ignore")
    behind = 0
    _say(f"{'table':32} {'rows':>7} {'measure':9} {'studio':>8} {'sklearn':>8} {'ahead':>8} {'noise':>7}  loss, s")
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
    allowed = ", ".join(f"{MEASURES[task]} {max_behind:g}" for task, max_behind in MAX_BEHIND.items())
    _say(f"behind by more than is allowed ({allowed}) on {behind} tables")
    return int(bool(behind))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a command


def _tables(options: argparse.Namespace) -> Iterator[list[Sample]]:
    """Yield one table a seed of each kind. Generated tables differ from seed to seed; all others are the same."""
    if options.csv:
        yield [from_csv(options.csv, options.label, options.positive, options.task)] * options.seeds
        return
    datasets = [[sample] * options.seeds for sample in bundled()]
    made_up = zip(*map(generated, range(options.seeds)), strict=True)
    for samples in (*datasets, *map(list, made_up)):
        if options.only in samples[0].name:
            yield samples


def _line(comparison: Comparison) -> str:
    sides = [(comparison.mean(side, "loss"), comparison.mean(side, "seconds")) for side in ("studio", "baseline")]
    losses = f"{sides[0][0]:.4g}/{sides[1][0]:.4g}  {sides[0][1]:.2f}/{sides[1][1]:.2f}"
    sample = comparison.sample
    return (
        f"{sample.name:32} {sample.rows:7} {sample.task:10} {comparison.mean('studio', 'measure'):8.4f}"
        f" {comparison.mean('baseline', 'measure'):8.4f} {comparison.ahead:+8.4f} {comparison.noise:7.4f}  {losses}"
        f"{'  BEHIND' if comparison.behind else ''}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench.quality", description="Compare the studio's models with scikit-learn's on the same rows."
    )
    parser.add_argument("--csv", type=Path, help="a CSV of yours, instead of the tables that come along")
    parser.add_argument("--label", help="the column of --csv to predict")
    parser.add_argument("--positive", default="", help="of --label's two values, the positive one")
    parser.add_argument("--task", choices=get_args(Task.__value__), default="binary")
    parser.add_argument("--learner", choices=LEARNERS, default=BOOSTED)
    parser.add_argument(
        "--seeds", type=int, default=3, help="splits of each table, and generated tables of each kind (default: 3)"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only tables whose name contains TEXT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
