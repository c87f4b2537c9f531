"""Decodes a file chunk by chunk, strictly: bytes that are no text are faults, and never replaced in silence (pure).

A byte order mark decides. Without one the encoding that the route says decides; but text that is UTF-8 with letters
beyond ASCII is read as UTF-8 where the route says a code page of single bytes.
"""

import codecs
import re
from typing import NamedTuple

from shared.intake.file_kinds import utf_16_order

UTF_8 = "utf-8"
MARK = "\ufeff"
STAND_IN = "\ufffd"  # for bytes that are no text: the file is refused, and its other cells are still checked
MAX_FAULTS = 1000  # past them it is no text, and nothing more is decoded
_MARKS = (  # UTF-32 before UTF-16: its mark begins with the other's
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32")
_MAX_LETTER_BYTES = 4  # in UTF-8
# Letters that are usual in UTF-8, and in these code pages a sequence that no word has, such as the two of "ä".
_UTF_8_LETTER = re.compile(rb"\xc3[\x80-\xbf]")
_WESTERN = frozenset({"cp1252", "iso8859-1", "iso8859-15"})
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")


class DecodingFault(NamedTuple):
    """Bytes that are no text.

    Attributes:
        line: the physical line, from 1.
        value: what the first of them would be in Windows-1252; None if nothing.
        message: sentences that say what is wrong and what to do.
    """

    line: int
    value: str | None
    message: str


class TextDecoder:
    """Decodes one file.

    Args:
        declared: the encoding that the route says, as Python names it.
        head: the first bytes of the file, 4 KiB if it has so many.

    Attributes:
        encoding: the one that is read.
        marked: whether a byte order mark decided it.
        as_utf_8_line: the line from which a file of a code page is read as UTF-8; None if it is not.
        inner_marks, inner_mark_line: byte order marks inside the text, which are left out; the line of the first.
        utf_8_letter_line: in a file of a Western code page, the first line with a letter that looks like UTF-8.
        hopeless: whether nothing more is decoded.
    """

    def __init__(self, declared: str, head: bytes) -> None:
        mark, marked = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", ""))
        declared = codecs.lookup(declared).name.removesuffix("-sig")
        self.marked = bool(mark)
        self.encoding = marked or declared
        self.as_utf_8_line: int | None = None
        self.inner_marks = 0
        self.inner_mark_line: int | None = None
        self.utf_8_letter_line: int | None = None
        self.hopeless = False
        self._faults: list[DecodingFault] = []
        self._fault_count = self._fault_line = 0
        self._to_skip = len(mark)
        self._undecided = not mark and _has_single_bytes(declared)  # as long as all bytes are ASCII
        self._held = b""  # the beginning of a letter that decides
        self._line, self._after_return = 1, False
        self._offset = len(mark)  # of the next byte in the file
        order = None if mark else utf_16_order(head)
        if order and not declared.startswith(_WIDE):
            self._give_up(
                f'The file is UTF-16 without a byte order mark. Save it as UTF-8, or set encoding = "{order}".'
            )
        elif not mark and declared in _WIDE:
            message = "The file has no byte order mark, so the order of its bytes is not certain."
            self._give_up(f'{message} Set encoding = "{declared}-le" or "{declared}-be".')
        self._decoder = codecs.getincrementaldecoder(self.encoding)()

    def decode(self, chunk: bytes, *, final: bool) -> str:
        """Return the text of the next chunk, without byte order marks; `final`: there is no more."""
        if self.hopeless:
            return ""
        skipped = min(self._to_skip, len(chunk))
        self._to_skip -= skipped
        chunk = self._held + chunk[skipped:]
        self._held = b""
        text = ""
        if self._undecided:
            beyond = _BEYOND_ASCII.search(chunk)
            plain = chunk[: beyond.start()] if beyond else chunk
            text = self._counted(plain.decode("ascii"))
            self._offset += len(plain)
            chunk = chunk[len(plain) :]
            if len(chunk) < _MAX_LETTER_BYTES and not final:
                self._held = chunk
                return text
            if chunk:
                self._decide(chunk[:_MAX_LETTER_BYTES])
        return text + self._decoded(chunk, final=final)

    def take_faults(self) -> list[DecodingFault]:
        """Return the faults since the last call."""
        faults, self._faults = self._faults, []
        return faults

    def _decide(self, letter: bytes) -> None:
        """Choose the encoding by the first letter beyond ASCII."""
        self._undecided = False
        try:
            codecs.getincrementaldecoder(UTF_8)().decode(letter[: _utf_8_length(letter[0])], final=True)
        except UnicodeDecodeError:
            return
        self.encoding, self.as_utf_8_line = UTF_8, self._line
        self._decoder = codecs.getincrementaldecoder(UTF_8)()

    def _decoded(self, chunk: bytes, *, final: bool) -> str:
        texts: list[str] = []
        while not self.hopeless:
            before = len(self._decoder.getstate()[0])
            self._look_for_utf_8(chunk)
            try:
                texts.append(self._counted(self._decoder.decode(chunk, final)))
            except UnicodeDecodeError as error:
                data = error.object  # what the decoder kept of the chunk before, and this chunk
                self._decoder.reset()
                texts += [self._counted(self._decoder.decode(data[: error.start])), STAND_IN]
                self._decoder.reset()
                self._add_fault(data, error.start, self._offset - before + error.start)
                self._offset += error.end - before
                chunk = data[error.end :]
            else:
                self._offset += len(chunk)
                break
        return "".join(texts)

    def _look_for_utf_8(self, chunk: bytes) -> None:
        if self.encoding not in _WESTERN or self.utf_8_letter_line is not None:
            return
        letter = _UTF_8_LETTER.search(chunk)
        if letter is not None:
            before = chunk[: letter.start()].decode(self.encoding, "replace")
            self.utf_8_letter_line = self._line + _line_ends(before, self._after_return)

    def _add_fault(self, data: bytes, start: int, offset: int) -> None:
        self._fault_count += 1
        if self._fault_count >= MAX_FAULTS:
            self.hopeless = True
        if self._line == self._fault_line:
            return  # a line is listed once
        self._fault_line = self._line
        legacy = data[start : start + 1].decode("cp1252", "ignore")
        what = f"Byte 0x{data[start]:02X} at offset {offset:,} is not {self.encoding}."
        if self.as_utf_8_line is not None:
            until = f"The file is UTF-8 from line {self.as_utf_8_line} to here, and not beyond."
            advice = f"{until} Save the whole file in one encoding."
        elif legacy and self.encoding == UTF_8:
            advice = 'In Windows-1252 it is text: save the file as UTF-8, or set encoding = "cp1252".'
        else:
            advice = "Save the file as UTF-8, or set its encoding."
        self._faults.append(DecodingFault(self._line, legacy or None, f"{what} {advice}"))

    def _give_up(self, message: str) -> None:
        self._faults.append(DecodingFault(1, None, message))
        self.hopeless = True

    def _counted(self, text: str) -> str:
        """Count the line ends of a text, and take the byte order marks out of it."""
        if MARK in text:
            self.inner_marks += text.count(MARK)
            if self.inner_mark_line is None:
                self.inner_mark_line = self._line + _line_ends(text[: text.index(MARK)], self._after_return)
            text = text.replace(MARK, "")
        self._line += _line_ends(text, self._after_return)
        if text:
            self._after_return = text.endswith("\r")
        return text


def _line_ends(text: str, after_return: bool) -> int:
    """Return how many lines end in a text; a line feed after the carriage return before it ends none."""
    returns = text.count("\r") if "\r" in text else 0
    both = text.count("\r\n") if returns else 0
    return text.count("\n") + returns - both - (after_return and text.startswith("\n"))


def _utf_8_length(first: int) -> int:
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _has_single_bytes(encoding: str) -> bool:
    """Tell whether an encoding is ASCII and 128 letters of one byte each, such as cp1252."""
    plain = bytes(range(32, 127))
    if plain.decode(encoding, "replace") != plain.decode("ascii"):
        return False
    pairs = (bytes((high, low)) for high in range(128, 256) for low in (0x61, 0xA4, 0xC4))
    return all(len(pair.decode(encoding, "replace")) == 2 for pair in pairs)
