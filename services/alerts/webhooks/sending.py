"""One try: a POST to a checked address, and what came back, within bounds of time and size.

aiohttp follows no redirects here, reads no proxy from the environment, unpacks nothing, keeps no cookies, and
lets us choose the address while Host and SNI stay the URL's. Every address is checked once more where the
socket is made, also those that no resolver was asked for.
"""

import asyncio
import email.utils
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.alerts.webhooks.destinations import (
    Refused,
    Resolve,
    Rules,
    addresses,
    check_address,
    urlsplit_checked,
)

KEPT_BYTES = 20_000
AGENT = "Qingfeng-Webhooks/1"
KEPT_OPEN_SECONDS = 4.0
"""Less than the 5 s after which common servers close a connection that rests."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try led to. status: None when there was no answer, then `error` says why in a word or two.
    body: its beginning. retry_after: seconds the receiver asked for."""

    status: int | None
    error: str = ""
    body: str = ""
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: only 2xx says so; a redirect does not."""
        return self.status is not None and 200 <= self.status < 300


Send = Callable[[str, dict[str, str], bytes], Awaitable[Answer]]
"""(url, headers, body) → what came of it; never raises for what the receiver does."""


class CheckedResolver(AbstractResolver):
    """Answers with addresses that were checked, asked once for each connection."""

    def __init__(self, scheme: str, rules: Rules, resolve: Resolve) -> None:
        self._scheme, self._rules, self._resolve = scheme, rules, resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a host. Raises Refused."""
        found = await addresses(host, port, self._scheme, self._rules, self._resolve)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Part of the port."""


class Sender:
    """Sends over kept connections; one session for each scheme, since plain http has its own rules."""

    def __init__(self, rules: Rules, resolve: Resolve, timeout_seconds: float, tls: ssl.SSLContext) -> None:
        self._timeout = timeout_seconds
        self._sessions = {scheme: _session(scheme, rules, resolve, tls) for scheme in ("https", "http")}

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """POST once. Anything that goes wrong is an answer without a status."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Answer(None, "timeout")
        except Refused:
            return Answer(None, "refused")
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, ssl.SSLError):
            return Answer(None, "tls")
        except aiohttp.ClientConnectorError:
            return Answer(None, "unreachable")
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError):
            return Answer(None, "unreadable")
        except (aiohttp.ClientConnectionError, OSError):
            return Answer(None, "cut_off")
        except (aiohttp.ClientError, ValueError) as error:
            return Answer(None, type(error).__name__)

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        session = self._sessions[urlsplit_checked(url).scheme]
        sent = {**headers, "Content-Type": "application/json", "User-Agent": AGENT}
        async with session.post(
            URL(url, encoded=True), data=body, headers=sent, allow_redirects=False
        ) as response:
            kept, whole = await _beginning(response.content)
            if not whole:
                response.close()
            return Answer(
                response.status,
                body=kept.decode("utf-8", "replace").replace("\0", "\ufffd"),
                retry_after=retry_after(response.headers.get("Retry-After"), datetime.now(UTC)),
            )


def _session(scheme: str, rules: Rules, resolve: Resolve, tls: ssl.SSLContext) -> aiohttp.ClientSession:
    def checked_socket(where: Any) -> socket.socket:
        family, kind, protocol, _, (host, port, *_) = where
        check_address(host, port, scheme, rules)
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=tls,
            limit=0,
            use_dns_cache=False,
            resolver=CheckedResolver(scheme, rules, resolve),
            socket_factory=checked_socket,
            keepalive_timeout=KEPT_OPEN_SECONDS,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        skip_auto_headers=("Accept", "Accept-Encoding"),
        auto_decompress=False,
        trust_env=False,
    )


async def _beginning(content: aiohttp.StreamReader) -> tuple[bytes, bool]:
    """(up to 20,000 bytes of an answer, whether that was all of it)."""
    kept = bytearray()
    while len(kept) <= KEPT_BYTES:
        chunk = await content.read(KEPT_BYTES + 1 - len(kept))
        if not chunk:
            return bytes(kept), True
        kept += chunk
    return bytes(kept[:KEPT_BYTES]), False


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for, in either of its forms; None when it cannot be read."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
