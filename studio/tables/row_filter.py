"""Row filters: a condition over the columns of a CSV that says which rows are used; read here, never executed as code.

    age >= 18 and not (occupation in ('Armed-Forces', 'Unknown') or "hours per week" is missing)

A column is a bare word or a name in double quotes; a text stands in single quotes, doubled within. A number compares
with cells that are numbers; a cell that is none, or is missing, fulfils no comparison but `!=`.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from studio.errors import RowFilterError
from studio.tables.cell_parsing import MISSING, parse_number

LENGTH_LIMIT = 4000  # characters
DEPTH_LIMIT = 50  # brackets within brackets
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w.]))|(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|==|!=|<>|[=<>(),]))"""
)
_KEYWORDS = {"and", "or", "not", "in", "is", "missing"}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNEQUAL = ("!=", "<>")


class Cells(Protocol):
    """A column: its distinct cells, and for each row the position of its cell among them."""

    @property
    def distinct(self) -> tuple[str, ...]:
        """The distinct cells, stripped."""
        ...

    @property
    def codes(self) -> NDArray[np.int32]:
        """Shape (rows,)."""
        ...


type Mask = NDArray[np.bool_]
type Condition = Callable[[Callable[[str], Cells]], Mask]


@dataclass(frozen=True)
class _Token:
    kind: str  # number, text, name, word, sign, or end
    value: str
    at: int  # position in the filter, counted from 1


@dataclass(frozen=True)
class RowFilter:
    """A filter that was read."""

    columns: frozenset[str]
    condition: Condition

    def rows(self, column: Callable[[str], Cells]) -> Mask:
        """Return which rows fulfil the condition, shape (rows,)."""
        return self.condition(column)


def read_row_filter(text: str) -> RowFilter:
    """Read a filter.

    Raises:
        RowFilterError: says at which character what is wrong.
    """
    if len(text) > LENGTH_LIMIT:
        raise RowFilterError(f"the row filter has {len(text)} characters; at most {LENGTH_LIMIT} are read")
    parser = _Parser(_tokens(text))
    condition = parser.either(0)
    parser.end()
    return RowFilter(frozenset(parser.columns), condition)


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            _refuse(at + 1, f"{text[at]!r} cannot be read here")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return [*tokens, _Token("end", "", end + 1)]


def _refuse(at: int, text: str) -> NoReturn:
    raise RowFilterError(f"the row filter, character {at}: {text}")


class _Parser:
    """Reads tokens from left to right; each method reads one kind of phrase and returns what it means."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self.columns: set[str] = set()

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _takes(self, *words: str) -> str | None:
        token = self._tokens[self._next]
        if token.kind in ("word", "sign") and token.value.lower() in words:
            self._take()
            return token.value.lower()
        return None

    def _need(self, word: str) -> None:
        token = self._tokens[self._next]
        if not self._takes(word):
            _refuse(token.at, f"{word!r} is needed here")

    def end(self) -> None:
        token = self._tokens[self._next]
        if token.kind != "end":
            _refuse(token.at, f"{token.value!r} is too much; conditions are joined by `and` and `or`")

    def either(self, depth: int) -> Condition:
        first = self._both(depth)
        while self._takes("or"):
            first = _joined(operator.or_, first, self._both(depth))
        return first

    def _both(self, depth: int) -> Condition:
        first = self._one(depth)
        while self._takes("and"):
            first = _joined(operator.and_, first, self._one(depth))
        return first

    def _one(self, depth: int) -> Condition:
        if depth > DEPTH_LIMIT:
            _refuse(self._tokens[self._next].at, f"more than {DEPTH_LIMIT} brackets stand within each other")
        if self._takes("not"):
            inner = self._one(depth + 1)
            return lambda column: ~inner(column)
        if self._takes("("):
            inner = self.either(depth + 1)
            self._need(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        name = self._column()
        if self._takes("is"):
            wanted = not self._takes("not")
            self._need("missing")
            return _by_cell(name, lambda cell: (cell in MISSING) is wanted)
        negated = bool(self._takes("not"))
        if negated or self._tokens[self._next].value.lower() == "in":
            self._need("in")
            tests = [_test("=", value) for value in self._list()]
            return _by_cell(name, lambda cell: any(test(cell) for test in tests) is not negated)
        token = self._take()
        if token.value not in _COMPARISONS or token.kind != "sign":
            _refuse(token.at, "a comparison is needed here: = != < <= > >=, `in (…)`, or `is missing`")
        return _by_cell(name, _test(token.value, self._literal()))

    def _column(self) -> str:
        token = self._take()
        if token.kind == "name":
            name = token.value[1:-1].replace('""', '"').strip()
        elif token.kind == "word" and token.value.lower() not in _KEYWORDS:
            name = token.value
        else:
            _refuse(token.at, "the name of a column is needed here")
        self.columns.add(name)
        return name

    def _list(self) -> list[float | str]:
        self._need("(")
        values = [self._literal()]
        while self._takes(","):
            values.append(self._literal())
        self._need(")")
        return values

    def _literal(self) -> float | str:
        token = self._take()
        if token.kind == "number":
            return float(token.value)
        if token.kind == "text":
            return token.value[1:-1].replace("''", "'").strip()
        _refuse(token.at, "a number, or a text in single quotes, is needed here")


def _joined(join: Callable[[Mask, Mask], Mask], left: Condition, right: Condition) -> Condition:
    return lambda column: join(left(column), right(column))


def _by_cell(name: str, test: Callable[[str], bool]) -> Condition:
    """Ask each distinct cell once."""

    def rows(column: Callable[[str], Cells]) -> Mask:
        cells = column(name)
        return np.fromiter(map(test, cells.distinct), dtype=np.bool_, count=len(cells.distinct))[cells.codes]

    return rows


def _test(sign: str, value: float | str) -> Callable[[str], bool]:
    compare = _COMPARISONS[sign]

    def test(cell: str) -> bool:
        operand = None if cell in MISSING else parse_number(cell) if isinstance(value, float) else cell
        return sign in _UNEQUAL if operand is None else bool(compare(operand, value))

    return test
