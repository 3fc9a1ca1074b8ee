"""SMTP connections over TCP and TLS, through aiosmtplib's protocol.

aiosmtplib pairs commands with replies, keeps time, bounds what it buffers (32 KB a reply) and goes over to TLS. It
hands out a code and a joined text, and drops what it did not ask for; so each octet is kept here as well on its way in,
and read strictly by `preflight.net.smtp`. See docs/architecture.md, "SMTP".
"""

import asyncio
import os
import ssl
import sys
from functools import cached_property
from typing import Any

from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from preflight.net.addresses import IPAddress, parse_address
from preflight.net.certificates import read_certificate
from preflight.net.roots import has_roots
from preflight.net.smtp import Chain, Dialer, Heard, Limits, Secured, SmtpTrouble, Trouble, Wire

MAX_HEARD = 64 * 1024  # octets kept of one exchange; a peer that sends more is cut off
MAX_AT_ONCE = 16  # connections of a run that are being made at the same time


class _Protocol(SMTPProtocol):
    """aiosmtplib's protocol, with a copy of all that came since the last exchange in `heard`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.heard = bytearray()
        self.flooded = False

    def data_received(self, data: bytes) -> None:
        self.heard += data[: MAX_HEARD - len(self.heard)]
        if len(self.heard) >= MAX_HEARD:
            self.flooded = True
            if isinstance(self.transport, asyncio.Transport):
                self.transport.abort()
        super().data_received(data)

    def take(self) -> bytes:
        """What came, once."""
        data = bytes(self.heard)
        self.heard.clear()
        return data


class _LiveWire(Wire):
    """A connection of the live dialer."""

    def __init__(self, protocol: _Protocol, roots: bool) -> None:
        self._protocol = protocol
        self._roots = roots
        end = self._extra("sockname")
        self._local = parse_address(end[0].partition("%")[0]) if end else None

    def _extra(self, name: str) -> "tuple[str, int] | None":
        transport = self._protocol.transport
        found: tuple[str, int] | None = transport.get_extra_info(name) if transport is not None else None
        return found

    @property
    def local(self) -> IPAddress | None:
        """The address of this end, as the system chose it."""
        return self._local

    async def exchange(self, command: str | None, timeout: float) -> Heard:  # noqa: ASYNC109
        """Send and listen; aiosmtplib decides when a reply is complete, or when there will be none."""
        try:
            if command is None:
                await self._protocol.read_response(timeout)
            else:
                await self._protocol.execute_command(command.encode("ascii"), timeout=timeout)
        except SMTPException as error:
            return self._heard(error)
        return Heard(self._protocol.take())

    def _heard(self, error: SMTPException | OSError) -> Heard:
        data = self._protocol.take()
        if self._protocol.flooded:
            return Heard(data, Trouble.FLOOD)
        match error:
            case SMTPTimeoutError():
                return Heard(data, Trouble.TIMEOUT)
            case SMTPResponseException():
                return Heard(data, Trouble.NOT_SMTP)
            case _:
                return Heard(data, Trouble.CLOSED)

    async def start_tls(
        self,
        server_name: str | None,
        timeout: float,  # noqa: ASYNC109
        *,
        verify: bool,
    ) -> tuple[Heard, Secured | None]:
        """STARTTLS and the handshake. Old versions and weak keys are let pass, so that they can be told."""
        verify = verify and self._roots
        try:
            await self._protocol.start_tls(_context(verify), server_name, timeout)
        except ssl.SSLCertVerificationError as error:
            return Heard(self._protocol.take(), Trouble.UNTRUSTED, error.verify_message), None
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            data = self._protocol.take()
            # Without a reply it is the reply that failed; after one, the handshake.
            if not data.endswith(b"\n"):
                return self._short(data, error), None
            detail = error.reason if isinstance(error, ssl.SSLError) else ""
            return Heard(data, Trouble.TLS, (detail or str(error) or type(error).__name__).replace("_", " ")), None
        except SMTPResponseException as error:
            data = self._protocol.take()
            return Heard(data, None if data.startswith(str(error.code).encode()) else Trouble.NOT_SMTP), None
        return Heard(self._protocol.take()), self._secured(verify)

    def _short(self, data: bytes, error: Exception) -> Heard:
        trouble = Trouble.TIMEOUT if isinstance(error, SMTPTimeoutError) else Trouble.CLOSED
        return Heard(data, Trouble.FLOOD if self._protocol.flooded else trouble)

    def _secured(self, verified: bool) -> Secured | None:
        transport = self._protocol.transport
        session = transport.get_extra_info("ssl_object") if transport is not None else None
        if not isinstance(session, ssl.SSLObject):
            return None
        der = session.getpeercert(binary_form=True)
        cipher = session.cipher()
        return Secured(
            version=session.version() or "",
            cipher=cipher[0] if cipher else "",
            certificate=read_certificate(der) if der else None,
            chain=Chain.TRUSTED if verified else Chain.UNKNOWN,
            sent=_sent(session),
        )

    def close(self, parting: str = "") -> None:
        """Drop the connection at once."""
        transport = self._protocol.transport
        if isinstance(transport, asyncio.Transport):
            if parting and not transport.is_closing():
                transport.write(f"{parting}\r\n".encode("ascii"))  # goes out at once where the socket takes it
            transport.abort()


def _sent(session: ssl.SSLObject) -> tuple[bytes, ...]:
    """The certificates that the server sent, in DER form, its own first."""
    if sys.version_info >= (3, 13):
        return tuple(session.get_unverified_chain())
    # What became public in 3.13 is there in 3.11 and 3.12 too, a step below.
    held: Any = session._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return tuple(one.public_bytes(_DER) for one in held or ())


_DER = 2  # ENCODING_DER of the module _ssl


def _context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    # What is too old or too weak is to be told, not to be missed: the check says so, nothing secret is sent.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


class LiveDialer(Dialer):
    """Connects to the given addresses and to nothing else. `limits` are the seconds that servers get."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    @cached_property
    def has_roots(self) -> bool:
        """Whether the system has root certificates, looked at once."""
        return has_roots()

    async def dial(self, address: IPAddress, port: int) -> Wire:
        """Open a connection; the name service is not asked, since the address is one."""
        loop = asyncio.get_running_loop()
        try:
            async with self._turns, asyncio.timeout(self.limits.connect):
                _, protocol = await loop.create_connection(lambda: _Protocol(loop), str(address), port)
        except TimeoutError:
            raise SmtpTrouble(Trouble.TIMEOUT) from None
        except ConnectionRefusedError:
            raise SmtpTrouble(Trouble.REFUSED) from None
        except (ConnectionResetError, BrokenPipeError, ConnectionAbortedError):
            raise SmtpTrouble(Trouble.CLOSED) from None
        except OSError as error:
            raise SmtpTrouble(Trouble.UNREACHABLE, os.strerror(error.errno) if error.errno else str(error)) from None
        return _LiveWire(protocol, self.has_roots)
