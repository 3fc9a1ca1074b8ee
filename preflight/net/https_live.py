"""Pages over HTTPS: h11 makes and reads the messages, asyncio carries them, OpenSSL verifies.

A client library would look the host up by itself, follow redirects and read without end; here the address is given, so
that DNS is asked once and by our resolver, and a zone cannot lead a request into the network that it is made from.
"""

import asyncio
import os
import ssl
from contextlib import suppress

import h11

from preflight import __version__
from preflight.net.addresses import IPAddress
from preflight.net.https import MAX_BODY, Fetcher, FetchFailure, FetchLimits, FetchTrouble, Page
from preflight.net.roots import has_roots

_PORT = 443
_CHUNK = 16 * 1024  # octets that are read at a time; also what h11 lets a header have
_CLOSING = 1.0  # seconds that a server gets to end the TLS session


class LiveFetcher(Fetcher):
    """Connects to the given addresses and to nothing else. `limits` are the seconds that servers get.

    `port` and `context` are for tests.
    """

    def __init__(
        self, limits: FetchLimits | None = None, *, port: int = _PORT, context: ssl.SSLContext | None = None
    ) -> None:
        self._limits = limits or FetchLimits()
        self._port = port
        self._context = context

    async def fetch(self, address: IPAddress, host: str, path: str) -> Page:
        """One request on a connection of its own."""
        context = self._context
        if context is None:
            if not has_roots():
                raise FetchTrouble(FetchFailure.NO_ROOTS)
            context = ssl.create_default_context()
        try:
            async with asyncio.timeout(self._limits.whole):
                return await self._fetch(context, address, host, path)
        except TimeoutError:
            raise FetchTrouble(FetchFailure.TIMEOUT) from None
        except ssl.SSLCertVerificationError as error:
            raise FetchTrouble(FetchFailure.UNTRUSTED, error.verify_message) from None
        except ssl.SSLError as error:
            raise FetchTrouble(FetchFailure.TLS, (error.reason or str(error)).replace("_", " ")) from None
        except ConnectionRefusedError:
            raise FetchTrouble(FetchFailure.REFUSED) from None
        except ConnectionError:
            raise FetchTrouble(FetchFailure.CLOSED) from None
        except h11.RemoteProtocolError as error:
            raise FetchTrouble(FetchFailure.NOT_HTTP, str(error)) from None
        except OSError as error:
            detail = os.strerror(error.errno) if error.errno else str(error)
            raise FetchTrouble(FetchFailure.UNREACHABLE, detail) from None

    async def _fetch(self, context: ssl.SSLContext, address: IPAddress, host: str, path: str) -> Page:
        async with asyncio.timeout(self._limits.connect):
            reader, writer = await asyncio.open_connection(
                str(address), self._port, ssl=context, server_hostname=host, limit=_CHUNK
            )
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_CHUNK)
            headers = [("Host", host), ("User-Agent", f"preflight/{__version__}"), ("Connection", "close")]
            request = h11.Request(method="GET", target=path, headers=headers)
            writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
            await writer.drain()
            return await _read(connection, reader)
        finally:
            writer.close()
            # A peer that does not take leave is none of our business any more.
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), _CLOSING)


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> Page:
    response: h11.Response | None = None
    body = bytearray()
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(_CHUNK))
            case h11.Response() as response:
                pass
            case h11.Data(data=data):
                body += data
                if len(body) > MAX_BODY:
                    raise FetchTrouble(FetchFailure.TOO_LARGE)
            case h11.InformationalResponse():
                pass
            case _:  # the end of the message, or of the connection
                break
    if response is None:
        raise FetchTrouble(FetchFailure.CLOSED)
    headers = {name: value.decode("utf-8", "backslashreplace") for name, value in response.headers}
    return Page(
        status=response.status_code,
        media_type=headers.get(b"content-type", "").partition(";")[0].strip().lower(),
        location=headers.get(b"location", ""),
        body=bytes(body),
    )
