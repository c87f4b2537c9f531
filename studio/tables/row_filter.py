"""Row filters: a condition over the columns of a CSV selects its rows. It is parsed here, never executed as code.

    age >= 18 and not (occupation in ('Armed-Forces', 'Unknown') or "hours per week" is missing)

A column is a bare word, or a name in double quotes. A text is in single quotes; a quote within it is doubled. A number
is compared with cells that are numbers; for a missing cell or a text only `!=` is true.
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

MAX_LENGTH = 4000  # characters
MAX_DEPTH = 50  # of nested brackets
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
    at: int  # position of the first character, counted from 1


@dataclass(frozen=True)
class RowFilter:
    """A parsed filter."""

    columns: frozenset[str]
    condition: Condition

    def rows(self, column: Callable[[str], Cells]) -> Mask:
        """Return for which rows the condition is true, shape (rows,)."""
        return self.condition(column)


def read_row_filter(text: str) -> RowFilter:
    """Parse a filter.

    Raises:
        RowFilterError: names the character and the problem.
    """
    if len(text) > MAX_LENGTH:
        raise RowFilterError(f"the row filter has {len(text)} characters; at most {MAX_LENGTH} are allowed")
    parser = _Parser(_tokens(text))
    condition = parser.disjunction(0)
    parser.end()
    return RowFilter(frozenset(parser.columns), condition)


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            _refuse(at + 1, f"{text[at]!r} is not expected here")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return [*tokens, _Token("end", "", end + 1)]


def _refuse(at: int, text: str) -> NoReturn:
    raise RowFilterError(f"the row filter, character {at}: {text}")


class _Parser:
    """A recursive descent parser: each method reads one kind of expression and returns its condition."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self.columns: set[str] = set()

    def _advance(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _accept(self, *words: str) -> str | None:
        token = self._tokens[self._next]
        if token.kind in ("word", "sign") and token.value.lower() in words:
            self._advance()
            return token.value.lower()
        return None

    def _expect(self, word: str) -> None:
        token = self._tokens[self._next]
        if not self._accept(word):
            _refuse(token.at, f"{word!r} is expected here")

    def end(self) -> None:
        token = self._tokens[self._next]
        if token.kind != "end":
            _refuse(token.at, f"{token.value!r} is not expected here; join conditions by `and` or `or`")

    def disjunction(self, depth: int) -> Condition:
        first = self._conjunction(depth)
        while self._accept("or"):
            first = _joined(operator.or_, first, self._conjunction(depth))
        return first

    def _conjunction(self, depth: int) -> Condition:
        first = self._operand(depth)
        while self._accept("and"):
            first = _joined(operator.and_, first, self._operand(depth))
        return first

    def _operand(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            _refuse(self._tokens[self._next].at, f"brackets are nested more than {MAX_DEPTH} deep")
        if self._accept("not"):
            inner = self._operand(depth + 1)
            return lambda column: ~inner(column)
        if self._accept("("):
            inner = self.disjunction(depth + 1)
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        name = self._column()
        if self._accept("is"):
            is_missing = not self._accept("not")
            self._expect("missing")
            return _by_cell(name, lambda cell: (cell in MISSING) is is_missing)
        negated = bool(self._accept("not"))
        if negated or self._tokens[self._next].value.lower() == "in":
            self._expect("in")
            tests = [_test("=", value) for value in self._list()]
            return _by_cell(name, lambda cell: any(test(cell) for test in tests) is not negated)
        token = self._advance()
        if token.value not in _COMPARISONS or token.kind != "sign":
            _refuse(token.at, "a comparison is expected here: = != < <= > >=, `in (…)`, or `is missing`")
        return _by_cell(name, _test(token.value, self._literal()))

    def _column(self) -> str:
        token = self._advance()
        if token.kind == "name":
            name = token.value[1:-1].replace('""', '"').strip()
        elif token.kind == "word" and token.value.lower() not in _KEYWORDS:
            name = token.value
        else:
            _refuse(token.at, "the name of a column is expected here")
        self.columns.add(name)
        return name

    def _list(self) -> list[float | str]:
        self._expect("(")
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return values

    def _literal(self) -> float | str:
        token = self._advance()
        if token.kind == "number":
            return float(token.value)
        if token.kind == "text":
            return token.value[1:-1].replace("''", "'").strip()
        _refuse(token.at, "a number, or a text in single quotes, is expected here")


def _joined(join: Callable[[Mask, Mask], Mask], left: Condition, right: Condition) -> Condition:
    return lambda column: join(left(column), right(column))


def _by_cell(name: str, test: Callable[[str], bool]) -> Condition:
    """Return the condition that tests each distinct cell of a column once."""

    def rows(column: Callable[[str], Cells]) -> Mask:
        cells = column(name)
        return np.fromiter(map(test, cells.distinct), dtype=np.bool_, count=len(cells.distinct))[cells.codes]

    return rows


def _test(sign: str, value: float | str) -> Callable[[str], bool]:
    compare = _COMPARISONS[sign]

    def test(cell: str) -> bool:
        operand: float | str | None = parse_number(cell) if isinstance(value, float) else cell
        if cell in MISSING or operand is None:
            return sign in _UNEQUAL
        return bool(compare(operand, value))

    return test
