"""One try: a POST to a checked address, and what came back, within bounds of time and size.

httpcore is used beneath httpx's conveniences on purpose: it follows no redirects, reads no proxy from
the environment, unpacks nothing, and lets us choose the address while Host and SNI stay the URL's.
"""

import asyncio
import email.utils
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpcore

from services.alerts.webhooks.destinations import Refused, Resolve, Rules, addresses, urlsplit_checked

KEPT_BYTES = 20_000
AGENT = "Qingfeng-Webhooks/1"


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


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that were checked, resolving once per connection."""

    def __init__(self, scheme: str, rules: Rules, resolve: Resolve) -> None:
        self._scheme, self._rules, self._resolve = scheme, rules, resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first allowed address that answers. Raises Refused."""
        found = await addresses(host, port, self._scheme, self._rules, self._resolve)
        error: Exception = httpcore.ConnectError("no address")
        for address in found:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def sleep(self, seconds: float) -> None:
        """Part of the port."""
        await self._inner.sleep(seconds)


class Sender:
    """Sends over kept connections; one pool for each scheme, since plain http has its own rules."""

    def __init__(self, rules: Rules, resolve: Resolve, timeout_seconds: float, tls: ssl.SSLContext) -> None:
        self._timeout = timeout_seconds
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=tls,
                max_connections=1_000,
                max_keepalive_connections=100,
                keepalive_expiry=15.0,
                network_backend=CheckedBackend(scheme, rules, resolve),
            )
            for scheme in ("https", "http")
        }

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """POST once. Anything that goes wrong is an answer without a status."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Answer(None, "timeout")
        except Refused:
            return Answer(None, "refused")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return Answer(None, type(error).__name__)
        except ssl.SSLError:
            return Answer(None, "tls")

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        pool = self._pools[urlsplit_checked(url).scheme]
        sent = {**headers, "content-type": "application/json", "user-agent": AGENT}
        sent["content-length"] = str(len(body))
        async with pool.stream("POST", url, headers=sent, content=body) as response:
            kept = bytearray()
            async for chunk in response.aiter_stream():
                kept += chunk[: KEPT_BYTES - len(kept)]
                if len(kept) >= KEPT_BYTES:
                    break
        told = dict(response.headers)
        return Answer(
            response.status,
            body=kept.decode("utf-8", "replace").replace("\0", "\ufffd"),
            retry_after=retry_after(told.get(b"retry-after") or told.get(b"Retry-After"), datetime.now(UTC)),
        )


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for, in either of its forms; None when it cannot be read."""
    text = (value or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
