"""`python -m tests.simulation --seed 7`: replays a seed or a schedule, tells what happened, and shortens what broke."""

import argparse
import logging
import sys
import time

from tests.simulation.mutations import MUTATIONS, mutated
from tests.simulation.plan import Plan, Result, switchable
from tests.simulation.shrinking import from_text, shrink, to_text
from tests.simulation.simulation import simulate_schedule, simulate_seed

_SETS = "sets:"


def main() -> int:
    """Replay; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="the seed to replay, or the first of --seeds")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds from --seed on")
    parser.add_argument("--schedule", type=_schedule, help="a schedule instead of a seed, as a replay prints it")
    parser.add_argument(
        "--plan", type=_plan, default="1,staging,events", help="what a schedule is about, as a replay prints it"
    )
    parser.add_argument("--without", choices=sorted(MUTATIONS), help="a guard to take out of the code")
    parser.add_argument("--quiet", action="store_true", help="only the result")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with mutated(options.without):
        if options.schedule is not None:
            return _tell(simulate_schedule(options.plan, options.schedule), quiet=options.quiet)
        return _seeds(options)


def _schedule(text: str) -> dict[str, int]:
    try:
        return from_text(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no schedule, such as 'fault:12=2,file:1=3'") from None


def _plan(text: str) -> Plan:
    try:
        return plan_from(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no plan, such as '3,staging,overwrite,events'") from None


def plan_from(text: str) -> Plan:
    """Read a plan as a replay prints it."""
    files, *switches = text.split(",")
    sets = [switch.removeprefix(_SETS) for switch in switches if switch.startswith(_SETS)]
    given = {switch for switch in switches if not switch.startswith(_SETS)}
    if given - set(switchable()):
        raise ValueError(f"{text} has a switch other than {', '.join(switchable())}")
    return Plan(int(files), sets="".join(sets), **{name: name in given for name in switchable()})


def plan_text(plan: Plan) -> str:
    """Write a plan as it is given on the command line."""
    return ",".join([str(plan.files), *plan.switches, *([f"{_SETS}{plan.sets}"] if plan.sets else [])])


def _seeds(options: argparse.Namespace) -> int:
    began = time.monotonic()
    for number in range(options.seeds):
        seed = (options.seed or 0) + number
        result = simulate_seed(seed)
        if result.broken:
            print(f"seed {seed}:")
            return _shortened(result, quiet=options.quiet)
        if options.seeds == 1:
            return _tell(result, quiet=options.quiet)
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{number} of {options.seeds} seeds, {time.monotonic() - began:.0f} s", end="", file=sys.stderr)
    print(f"{options.seeds} seeds: no promise was broken")
    return 0


def _shortened(result: Result, *, quiet: bool) -> int:
    kind = result.broken[0].partition(":")[0]

    def breaks(schedule: dict[str, int]) -> bool:
        return any(promise.startswith(kind) for promise in simulate_schedule(result.plan, schedule).broken)

    short = shrink(result.schedule, breaks)  # type: ignore[arg-type]  # a schedule is any mapping
    print(f"{len(result.schedule)} choices were made, {len(short)} of them are needed; replay those with")
    without = f" --without {sys.argv[sys.argv.index('--without') + 1]!r}" if "--without" in sys.argv else ""
    print(f"  python -m tests.simulation --plan {plan_text(result.plan)} --schedule '{to_text(short)}'{without}\n")
    return _tell(simulate_schedule(result.plan, short), quiet=quiet)


def _tell(result: Result, *, quiet: bool) -> int:
    if not quiet:
        print("\n".join(line for line in result.lines if not line.endswith("poll_pending_jobs begins")))
    outcomes = ", ".join(f"{count} {state}" for state, count in sorted(result.outcomes.items()))
    print(f"outcomes: {outcomes}")
    for promise in result.broken:
        print(f"broken: {promise}")
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
