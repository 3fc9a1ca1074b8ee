"""The live fetcher against web servers on loopback: a page, and each way in which there is none."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight import __version__
from preflight.net import https_live
from preflight.net.addresses import parse_address
from preflight.net.https import MAX_BODY, FetchFailure, FetchLimits, FetchTrouble, Page, page_evidence
from preflight.net.https_live import LiveFetcher
from tests.unit.smtp_peers import Handler, make_certificate

LOOPBACK = parse_address("127.0.0.1")
HOST = "mta-sts.example.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Length: 4\r\n\r\nv: 1"


def answers(*pieces: bytes, heard: list[bytes] | None = None) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return handler


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 4096)
        await writer.drain()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("https"), HOST, bits=256)


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def fetch(
    handler: Handler, certificate: Path, *, host: str = HOST, context: ssl.SSLContext | None = None, tls: bool = True
) -> Page:
    async def run() -> Page:
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(certificate)
        tasks = []

        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())
            try:
                await handler(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=server_side if tls else None)
        try:
            port = server.sockets[0].getsockname()[1]
            limits = FetchLimits(connect=0.5, whole=0.8)
            fetcher = LiveFetcher(limits, port=port, context=context or trusting(certificate))
            return await fetcher.fetch(LOOPBACK, host, "/.well-known/mta-sts.txt")
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def failure(handler: Handler, certificate: Path, **how: object) -> FetchFailure:
    with pytest.raises(FetchTrouble) as caught:
        fetch(handler, certificate, **how)  # type: ignore[arg-type]
    return caught.value.failure


def test_a_page(certificate: Path) -> None:
    heard: list[bytes] = []
    assert fetch(answers(OK, heard=heard), certificate) == Page(200, "text/plain", "", b"v: 1")
    first, *fields = heard[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert first == "GET /.well-known/mta-sts.txt HTTP/1.1"
    assert fields == ["Host: mta-sts.example.com", f"User-Agent: preflight/{__version__}", "Connection: close"]


@pytest.mark.parametrize(
    ("octets", "page"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Page(404)),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://www.example.com/\r\nContent-Length: 0\r\n\r\n",
            Page(301, "", "https://www.example.com/"),
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nv:\r\n0\r\n\r\n", Page(200, body=b"v:")),
        (b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nno length", Page(200, "text/html", body=b"no length")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Page(200, "text/plain", "", b"v: 1")),
    ],
)
def test_other_pages(octets: bytes, page: Page, certificate: Path) -> None:
    assert fetch(answers(octets), certificate) == page


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", FetchFailure.NOT_HTTP),
        (b"220 mail.example.com ESMTP\r\n\r\n", FetchFailure.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000, FetchFailure.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", FetchFailure.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BODY + 1), FetchFailure.TOO_LARGE),
    ],
)
def test_what_is_no_page(octets: bytes, expected: FetchFailure, certificate: Path) -> None:
    assert failure(answers(octets), certificate) is expected


def test_the_largest_page(certificate: Path) -> None:
    assert len(fetch(answers(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * MAX_BODY), certificate).body) == MAX_BODY


@pytest.mark.parametrize(
    ("handler", "expected"),
    [(silent, FetchFailure.TIMEOUT), (dripping, FetchFailure.TIMEOUT), (endless, FetchFailure.TOO_LARGE)],
)
def test_time_and_size_are_held(handler: Handler, expected: FetchFailure, certificate: Path) -> None:
    assert failure(handler, certificate) is expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: {"host": "mta-sts.example.org"}, FetchFailure.UNTRUSTED),
        (lambda path: {"context": ssl.create_default_context()}, FetchFailure.UNTRUSTED),
        (lambda path: {"tls": False}, FetchFailure.TLS),
    ],
)
def test_the_certificate_is_verified_for_the_host(
    make: Callable[[Path], dict[str, object]], expected: FetchFailure, certificate: Path
) -> None:
    async def talks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    assert failure(talks, certificate, **make(certificate)) is expected


def test_an_ended_certificate(tmp_path: Path) -> None:
    assert failure(answers(OK), make_certificate(tmp_path, HOST, days=-1, bits=256)) is FetchFailure.UNTRUSTED


def test_nobody_listens(certificate: Path) -> None:
    with pytest.raises(FetchTrouble) as caught:
        asyncio.run(LiveFetcher(port=1, context=trusting(certificate)).fetch(LOOPBACK, HOST, "/"))
    assert caught.value.failure is FetchFailure.REFUSED


def test_without_roots_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https_live, "has_roots", lambda: False)
    with pytest.raises(FetchTrouble) as caught:
        asyncio.run(LiveFetcher(port=1).fetch(LOOPBACK, HOST, "/"))
    assert caught.value.failure is FetchFailure.NO_ROOTS


def test_the_request_is_evidence() -> None:
    page = Page(301, "text/html", "https://www.example.com/", b"moved")
    seen = page_evidence(HOST, "/x", LOOPBACK, page)
    assert (seen.source, seen.asked) == ("https", "GET https://mta-sts.example.com/x at 127.0.0.1")
    assert seen.seen == "301 text/html, 5 octets, to https://www.example.com/"
    assert page_evidence(HOST, "/x", LOOPBACK, FetchTrouble(FetchFailure.TIMEOUT)).seen == "no answer in time"
