"""`preflight rdns`: would a receiver take a name in reverse DNS for a dynamic address? One name, or many in a pipe."""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import msgspec
import typer

from preflight.cli.common import LangOption, complain, is_terminal, show
from preflight.errors import ConfigError
from preflight.text import Language, visible

if TYPE_CHECKING:
    from preflight.classifiers import Classifier, Judgement

_BAD_INPUT = 2
_CHUNK = 1 << 16  # octets that are read at once, at most
_LONGEST_LINE = 1 << 20  # octets; no name with its neighbours comes near it
_HEADER = "hostname\tip"


class NameFormat(StrEnum):
    """The formats of a judgement."""

    TEXT = "text"
    JSON = "json"


class _Asked(msgspec.Struct, frozen=True):
    """One line of input. Other keys of a JSON object are let pass, so that labels can travel along."""

    hostname: str
    ip: str
    neighbours: list[str] | None = None


class _Told(msgspec.Struct, frozen=True, rename={"kind": "class"}):
    """One line of output."""

    hostname: str
    ip: str
    kind: str
    score: float
    reasons: list[str]


def rdns(
    name: Annotated[
        str, typer.Argument(help="A name in reverse DNS; - reads many from standard input.", metavar="NAME")
    ],
    ip: Annotated[str | None, typer.Argument(help="The address that has the name.", metavar="IP")] = None,
    *,
    neighbour: Annotated[
        list[str] | None, typer.Option("--neighbour", help="The name of an address next to it; may repeat.")
    ] = None,
    lang: LangOption,
    output_format: Annotated[
        NameFormat | None,
        typer.Option("--format", help="Format of the output.", show_default="text on a terminal, else json"),
    ] = None,
) -> int:
    """Judge names in reverse DNS: dynamic, generic-static or custom, with the reasons.

    With `-`, each line of standard input is `hostname<TAB>ip[<TAB>neighbour,neighbour…]` or a JSON object with these
    keys, and each line of output a JSON object. A line that cannot be read is told on standard error; the others are
    judged all the same, and the exit code is 2.
    """
    from preflight.classifiers import load_classifier

    classifier = load_classifier()
    language = _language(lang.value)
    if name == "-":
        if ip is not None or neighbour:
            raise ConfigError("rdns - takes names and addresses from standard input only")
        return _BAD_INPUT if _stream(classifier, language) else 0
    if ip is None:
        raise ConfigError(f"rdns {visible(name, limit=60)}: give the address that has this name, too")
    asked = _Asked(name, ip, neighbour)
    try:
        judgement = _judged(asked, classifier)
    except ValueError as error:
        raise ConfigError(f"rdns: {error}") from None
    if output_format is NameFormat.TEXT or (output_format is None and is_terminal()):
        show(_text(name, judgement, language))
    else:
        show(_json(asked, judgement, language).decode() + "\n", machine=True)
    return 0


def _stream(classifier: "Classifier", language: Language) -> int:
    """Judge what standard input has, and write each judgement as soon as its line was read. Returns the bad lines."""
    bad = 0

    def complain_of(number: int, problem: str) -> None:
        nonlocal bad
        bad += 1
        complain(f"line {number}: {problem}")

    for lines in _chunks(complain_of):
        out = bytearray()
        for number, line in lines:
            try:
                asked = _asked(line, number)
                if asked is not None:
                    out += _json(asked, _judged(asked, classifier), language) + b"\n"
            except (ValueError, msgspec.DecodeError) as error:
                complain_of(number, str(error))
        show(out.decode(), machine=True)
        sys.stdout.flush()
    return bad


def _chunks(complain_of: Callable[[int, str], None]) -> Iterator[Iterable[tuple[int, bytes]]]:
    """The numbered lines of standard input, in the portions that it comes in."""
    number, rest, skipping = 0, b"", False
    stream = cast(io.BufferedIOBase, sys.stdin.buffer)
    while chunk := stream.read1(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if skipping and lines:
            del lines[0]
            skipping = False
        yield enumerate(lines, number + 1)
        number += len(lines)
        if len(rest) > _LONGEST_LINE or skipping:
            if not skipping:
                number += 1
                complain_of(number, f"longer than {_LONGEST_LINE} octets")
            rest, skipping = b"", True
    if rest:
        yield [(number + 1, rest)]


def _asked(line: bytes, number: int) -> _Asked | None:
    """A line of input; `None` for an empty one and for a header. Raises `ValueError` or `msgspec.DecodeError`."""
    if line.lstrip()[:1] == b"{":
        return msgspec.json.decode(line, type=_Asked)
    text = line.decode("utf-8", "backslashreplace").rstrip("\r")
    if not text.strip() or (number == 1 and text.startswith(_HEADER)):
        return None
    fields = text.split("\t")
    match fields:
        case [hostname, ip]:
            return _Asked(hostname.strip(), ip.strip())
        case [hostname, ip, neighbours]:
            return _Asked(hostname.strip(), ip.strip(), [one.strip() for one in neighbours.split(",") if one.strip()])
        case _:
            raise ValueError(f"{len(fields)} fields; wanted are hostname, ip and neighbours, with tabs between them")


def _judged(asked: _Asked, classifier: "Classifier") -> "Judgement":
    """Raises `ValueError` for what is no address."""
    from preflight.net.addresses import parse_address

    try:
        address = parse_address(asked.ip)
    except ValueError:
        raise ValueError(f"{visible(asked.ip, limit=60)!r} is no IP address") from None
    return classifier(asked.hostname, address, asked.neighbours or ())


def _json(asked: _Asked, judgement: "Judgement", language: Language) -> bytes:
    reasons = [language.say(reason) if language.table else str(reason) for reason in judgement.reasons]
    return msgspec.json.encode(_Told(asked.hostname, asked.ip, str(judgement.kind), judgement.score, reasons))


def _text(name: str, judgement: "Judgement", language: Language) -> str:
    """For people: the class, and each reason on a line of its own."""
    head = f"{visible(name, limit=253)}: {judgement.kind} ({judgement.score:.2f})\n"
    return head + "".join(f"  - {visible(language.say(reason))}\n" for reason in judgement.reasons)


def _language(code: str) -> Language:
    """English needs no table, so that the checks are not loaded for it."""
    if code == "en":
        return Language()
    from preflight.registry import load_registry

    return load_registry().language(code)
