"""Why a file is refused, in the sentences that its run keeps; problems.json has all problems (pure)."""

from collections.abc import Sequence

from shared.intake.problems import Level, Problem
from shared.plurals import counted

MAX_SAID = 3  # problems that the reason of a run has


def reason_of(problems: Sequence[Problem], more: int) -> str:
    """Return the reason of a run whose file is refused: the first errors with their places, and how many there are.

    `more`: problems that are not listed. The reason has no cell's value, which may be personal data.
    """
    errors = [problem for problem in problems if problem.level is Level.ERROR]
    sentences = [_sentence(problem) for problem in errors[:MAX_SAID]]
    rest = len(errors) - len(sentences) + more
    if rest:
        sentences.append(f"{counted(rest, 'more problem')} {'is' if rest == 1 else 'are'} in problems.json.")
    return " ".join(sentences)


def _sentence(problem: Problem) -> str:
    place = []
    if problem.line is not None:
        place.append(f"line {problem.line:,}")
    if problem.column is not None:
        place.append(f"column {problem.column!r}")
    if not place:
        return problem.message
    text = ", ".join(place)
    return f"{text[0].upper()}{text[1:]}: {problem.message}"
