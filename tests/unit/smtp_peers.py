"""SMTP peers on loopback for tests of the live dialer: each follows a script of octets, some of them in TLS."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
EHLO = b"250-mail.example.com\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


@asynccontextmanager
async def peer(handler: Handler) -> AsyncIterator[int]:
    """Run a handler for each connection; the value is the port on 127.0.0.1."""

    tasks: list[asyncio.Task[None]] = []

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 0.2)  # a handshake that failed never tells
            writer.transport.abort()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(*replies: bytes, commands: list[bytes] | None = None) -> Handler:
    """A peer that greets with the first text, and answers each line with the next one; then it closes."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            writer.write(reply)
            await writer.drain()
            line = await reader.readline()
            if commands is not None:
                commands.append(line)

    return handler


def with_tls(certificate: Path, *, after: bytes = b"", **options: object) -> Handler:
    """A peer that offers STARTTLS, sends `after` in clear behind its go-ahead, and answers EHLO and QUIT in TLS."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        for name, value in options.items():
            setattr(context, name, value)
        if "maximum_version" in options:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await reader.readline()
        writer.write(EHLO)
        await reader.readline()
        writer.write(b"220 go\r\n" + after)
        await writer.drain()
        await writer.start_tls(context)
        while line := await reader.readline():
            writer.write(EHLO if line.startswith(b"EHLO") else b"221 bye\r\n")

    return handler


def make_certificate(
    folder: Path, *names: str, days: float = 90, bits: int = 2048, issuer: tuple[x509.Certificate, object] | None = None
) -> Path:
    """A file with a key and a certificate for the names, signed by itself or by an issuer."""
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=bits)
        if bits > 500
        else ec.generate_private_key(ec.SECP256R1())
    )
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    built = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(issuer[0].subject if issuer else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer[1] if issuer else key, hashes.SHA256())  # type: ignore[arg-type]
    )
    path = folder / f"{names[0]}.{days:g}.{bits}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path
