"""Master files (RFC 1035 5): records from text, each with the file and the line where it begins.

dnspython's tokenizer and its readers of records do the reading; its zone reader does not say where a record stands,
opens any file that `$INCLUDE` names, and knows no bound for `$GENERATE`. So what is between tokens and records is here:
owner, TTL and class, directives.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.ttl

from preflight.errors import ZoneError
from preflight.findings import Place
from preflight.text import nearest, visible

MAX_RECORDS = 500_000  # of a run: some twenty seconds of reading, and 600 MB
MAX_DEPTH = 10  # of files that include files
DEFAULT_TTL = 3600  # seconds, where neither the record nor $TTL says; no check looks at it
_IN = dns.rdataclass.IN
_CLASSES = {"IN", "CH", "HS", "CS", "CHAOS", "HESIOD", "CSNET", "INTERNET", "CLASS1"}
_ANOTHER = {"CH", "HS", "CS", "CHAOS", "HESIOD", "CSNET"}
_DIRECTIVES = ("$GENERATE", "$INCLUDE", "$ORIGIN", "$TTL")
_SHOWN = 60  # characters of what is wrong in an error

Include = Callable[[str], tuple[str, str]]
"""Takes the name in `$INCLUDE`; returns the label and the text of the file. Raises `ValueError` that says why not."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its owner, TTL in seconds, data, and where it begins (for `$GENERATE`, the directive)."""

    name: dns.name.Name
    ttl: int
    rdata: dns.rdata.Rdata
    place: Place


class Budget:
    """How many records may still be read: one for all files of a run."""

    def __init__(self, records: int = MAX_RECORDS) -> None:
        self._limit = self._left = records

    def spend(self) -> None:
        """Take one. Raises `ValueError` when there is none left."""
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"more than {self._limit:,} records in all; give the zones alone that this run needs")


def master_text(octets: bytes, label: str) -> str:
    """The octets of a master file as text: octets beyond ASCII as escapes (`\\195`), so that each stays what it is.

    Line ends become LF, a byte-order mark is dropped. Raises `ZoneError` for what is no text.
    """
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ZoneError(f"{label}: UTF-16 text; save it as UTF-8")
    if (at := octets.find(b"\0")) >= 0:
        line = octets.count(b"\n", 0, at) + 1
        raise ZoneError(f"{label}:{line}: a NUL octet; zone files are text (named-compilezone turns raw zones into it)")
    text = octets.removeprefix(b"\xef\xbb\xbf").decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
    return re.sub("[\x80-\xff]", lambda found: f"\\{ord(found[0]):03d}", text)


def read_master(
    text: str,
    label: str,
    origin: dns.name.Name | None = None,
    *,
    ttl: int = DEFAULT_TTL,
    include: Include | None = None,
    budget: Budget | None = None,
) -> list[Record]:
    """The records of a master file, in their order, whatever zone they are in.

    `label` names the file in places and errors. `origin` completes relative names until `$ORIGIN` says otherwise.
    Without `include`, no other file is read. Raises `ZoneError`: `file:line: what is wrong`.
    """
    return _Reader(text, label, origin, ttl, include, budget or Budget()).read()


class _File:
    """A file that is being read: its tokens, the origin that holds now, the owner of the last record, the TTL."""

    __slots__ = ("label", "origin", "owner", "tokens", "ttl")

    def __init__(self, text: str, label: str, origin: dns.name.Name | None, ttl: int) -> None:
        self.label = label
        self.tokens = dns.tokenizer.Tokenizer(text, label)
        self.origin = origin
        self.owner: dns.name.Name | None = None
        self.ttl = ttl


class _Reader:
    def __init__(
        self, text: str, label: str, origin: dns.name.Name | None, ttl: int, include: Include | None, budget: Budget
    ) -> None:
        self._files = [_File(text, label, origin, ttl)]
        self._include = include
        self._budget = budget
        self._place = Place(label, 1)
        self._records: list[Record] = []

    def read(self) -> list[Record]:
        while self._files:
            file = self._files[-1]
            # Told before the first token is read: after it the tokenizer may be a line further.
            self._place = Place(file.label, file.tokens.where()[1])
            try:
                self._entry(file)
            except (dns.exception.DNSException, ValueError) as error:
                said = visible(" ".join(str(error).split()) or "what stands here cannot be read", limit=300)
                raise ZoneError(f"{visible(self._place.file)}:{self._place.line}: {said}") from None
        return self._records

    def _entry(self, file: _File) -> None:
        """One entry: a record, a directive, an empty line, or the end of the file."""
        token = file.tokens.get(want_leading=True)
        if token.is_eof():
            self._files.pop()
        elif token.is_identifier() and token.value.startswith("$"):
            self._directive(file, token.value)
        elif not token.is_eol():
            self._record(file, token)

    def _record(self, file: _File, token: dns.tokenizer.Token) -> None:
        starts_blank = token.is_whitespace()
        if starts_blank:
            token = file.tokens.get()
            if token.is_eol_or_eof():
                return
            file.tokens.unget(token)
            if file.owner is None:
                raise ValueError("a record without a name, and no record before it that has one")
        else:
            file.owner = _name(token.value, file.origin)
        try:
            ttl, rdtype = self._head(file)
        except ValueError as error:
            if not starts_blank:
                raise
            raise ValueError(f"{error}; the name of a record stands at the very beginning of its line") from None
        try:
            rdata = dns.rdata.from_text(_IN, rdtype, file.tokens, file.origin, False, file.origin)
        except (dns.exception.DNSException, ValueError) as error:
            raise _no_record(rdtype, error) from None
        self._keep(file, file.owner, ttl, rdata)

    def _head(self, file: _File) -> tuple[int, dns.rdatatype.RdataType]:
        """TTL and class, in either order and both optional, then the type (RFC 1035 5.1)."""
        ttl, has_class = None, False
        while True:
            token = file.tokens.get()
            if not token.is_identifier():
                raise ValueError("a record without a type")
            word = token.value.upper()
            if ttl is None and word[0].isdigit():
                ttl = dns.ttl.from_text(word)
            elif not has_class and word in _CLASSES:
                if word in _ANOTHER:
                    raise ValueError(f"a record of class {word}; class IN alone is read")
                has_class = True
            else:
                return file.ttl if ttl is None else ttl, _type(word)

    def _keep(self, file: _File, name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> None:
        self._budget.spend()
        if file.origin is None:
            _reject_relative(rdata)
        self._records.append(Record(name, ttl, rdata, self._place))

    def _directive(self, file: _File, word: str) -> None:
        match word.upper():
            case "$TTL":
                file.ttl = dns.ttl.from_text(_word(file, word))
                file.tokens.get_eol()
            case "$ORIGIN":
                file.origin = _name(_word(file, word), file.origin)
                file.tokens.get_eol()
            case "$INCLUDE":
                self._enter(file, word)
            case "$GENERATE":
                self._generate(file, word)
            case _:
                raise ValueError(f"no directive {visible(word, limit=_SHOWN)!r}{nearest(word.upper(), _DIRECTIVES)}")

    def _enter(self, file: _File, word: str) -> None:
        """`$INCLUDE file [origin]`: what the other file says of origin and owner ends with it (RFC 1035 5.1)."""
        token = file.tokens.get()
        if not (token.is_identifier() or token.is_quoted_string()):
            raise ValueError(f"{word} names no file")
        target = token.unescape_to_bytes().value.decode("utf-8", "surrogateescape")
        origin = file.origin
        token = file.tokens.get()
        if not token.is_eol_or_eof():
            origin = _name(token.value, file.origin)
            file.tokens.get_eol()
        if self._include is None:
            raise ValueError("$INCLUDE is not read here")
        if len(self._files) > MAX_DEPTH:
            raise ValueError(f"files include each other {MAX_DEPTH} deep; perhaps in a circle")
        label, text = self._include(target)
        entered = _File(text, label, origin, file.ttl)
        entered.owner = file.owner
        self._files.append(entered)

    def _generate(self, file: _File, word: str) -> None:
        """`$GENERATE start-stop[/step] owner [ttl] [class] type data`, as BIND has it."""
        numbers = _numbers(_word(file, word))
        owner = _word(file, word)
        ttl, rdtype = self._head(file)
        data = " ".join(token.value for token in file.tokens.get_remaining())
        file.tokens.get_eol()
        for number in numbers:
            name = _name(_filled(owner, number), file.origin)
            try:
                rdata = dns.rdata.from_text(_IN, rdtype, _filled(data, number), file.origin, False, file.origin)
            except (dns.exception.DNSException, ValueError) as error:
                raise _no_record(rdtype, error) from None
            self._keep(file, name, ttl, rdata)


def _word(file: _File, after: str) -> str:
    token = file.tokens.get()
    if not token.is_identifier():
        raise ValueError(f"{after} lacks a value")
    return str(token.value)


def _name(text: str, origin: dns.name.Name | None) -> dns.name.Name:
    shown = visible(text, limit=_SHOWN)
    try:
        name = dns.name.from_text(text, origin)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{shown!r} is no name: {error}") from None
    if not name.is_absolute():
        raise ValueError(
            f"the name {shown!r} is relative, and neither $ORIGIN nor the file's name says to which zone; write "
            "--zone example.com=FILE"
        )
    return name


@cache
def _type(word: str) -> dns.rdatatype.RdataType:
    try:
        rdtype = dns.rdatatype.from_text(word)
    except (dns.exception.DNSException, ValueError):
        known = nearest(word, (one.name for one in dns.rdatatype.RdataType))
        raise ValueError(f"no record type {visible(word, limit=_SHOWN)!r}{known}") from None
    if dns.rdatatype.is_metatype(rdtype):
        raise ValueError(f"{word} is a type for questions, not for records")
    return rdtype


def _no_record(rdtype: dns.rdatatype.RdataType, error: Exception) -> ValueError:
    said = str(error) or "it is malformed"
    if said.startswith("expected EOL"):
        said = "there is more than belongs to it; a parenthesis or a quotation mark may be missing"
    return ValueError(f"no {dns.rdatatype.to_text(rdtype)} record can be read here: {said}")


def _reject_relative(rdata: dns.rdata.Rdata) -> None:
    try:
        rdata.to_wire()
    except dns.name.NeedAbsoluteNameOrOrigin:
        raise ValueError(
            f"a name in {visible(rdata.to_text(), limit=_SHOWN)!r} is relative, and neither $ORIGIN nor the file's "
            "name says to which zone; write --zone example.com=FILE"
        ) from None


_RANGE = re.compile("([0-9]{1,9})-([0-9]{1,9})(?:/([0-9]{1,9}))?")
_PLACE = re.compile(r"\\.|\$\$|\$(?:\{([+-]?[0-9]{1,9})(?:,([0-9]{1,3})(?:,(.))?)?\})?", re.DOTALL)
_MAX_WIDTH = 255


def _numbers(text: str) -> range:
    match = _RANGE.fullmatch(text)
    first, last, step = (int(group) if group else 1 for group in match.groups()) if match else (1, 0, 0)
    if first > last or step < 1:
        raise ValueError(f"{visible(text, limit=_SHOWN)!r} is no range; write 1-254 or 0-254/2")
    return range(first, last + 1, step)


def _filled(template: str, number: int) -> str:
    """The text with the number in each `$` or `${offset[,width[,base]]}`; `$$` and `\\$` are dollars."""

    def fill(match: re.Match[str]) -> str:
        if match[0].startswith("\\"):
            return match[0]
        if match[0] == "$$":
            return "$"
        if match[0] == "$" and template.startswith("{", match.end()):
            raise ValueError("${ without a proper offset, width and base behind it; such as ${0,3,d}")
        width = int(match[2] or 0)
        if width > _MAX_WIDTH:
            raise ValueError(f"a width of {width}; at most {_MAX_WIDTH}")
        return _written(number + int(match[1] or 0), width, match[3] or "d")

    return _PLACE.sub(fill, template)


def _written(value: int, width: int, base: str) -> str:
    if base in "doxX":
        return format(value, base).zfill(width)
    if base not in "nN":
        raise ValueError(f"base {visible(base)!r} is none of d, o, x, X, n, N")
    if value < 0:
        raise ValueError("nibbles of a negative number")
    digits = format(value, "x" if base == "n" else "X")
    return ".".join(reversed(digits.zfill((width + 1) // 2)))  # the width counts the dots, too
