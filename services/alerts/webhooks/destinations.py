"""Where a webhook may go: never into our own network, whatever a name resolves to.

A name is resolved once; if any of its addresses is refused, so is the name; the connection then goes to
a checked address, so that a second, different answer of the resolver is never asked for. The list is
written out because `ipaddress.is_global` lets translation prefixes and multicast pass.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from services.runtime.errors import UserError
from services.settings import Settings

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) → its addresses as text. Raises OSError when there are none."""

REFUSED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, cloud metadata
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",  # discard
        "100:0:0:1::/64",
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
        "5f00::/16",  # segment routing
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


OPENS = "; QINGFENG_WEBHOOK_ALLOW_CIDRS opens networks of your own"


class Refused(UserError):
    """The destination is not allowed; the message says why, without telling what a name resolves to, and
    `code` says it to programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rules:
    """Ports that may be used, and networks that are opened (any port there, plain http too).
    own: names under which outsiders reach this system; they are refused, as this machine's addresses are."""

    ports: frozenset[int]
    opened: tuple[IPv4Network | IPv6Network, ...] = ()
    own: frozenset[str] = frozenset()

    def allows(self, address: Address, port: int, scheme: str) -> bool:
        """Whether a connection to this address may be made."""
        address = _unmapped(address)
        if self.opens(address):
            return True
        public = not is_refused(address) and not is_own(address)
        return scheme == "https" and port in self.ports and public

    def opens(self, address: Address) -> bool:
        """Whether it lies in a network that was opened."""
        address = _unmapped(address)
        return any(address in network for network in self.opened if network.version == address.version)


def rules_from(settings: Settings) -> Rules:
    """The rules of the settings. Raises UserError that names the setting."""
    try:
        ports = frozenset(int(part) for part in settings.webhook_ports.split(",") if part.strip())
    except ValueError as error:
        raise UserError("QINGFENG_WEBHOOK_PORTS: port numbers, separated by commas") from error
    try:
        networks = [part.strip() for part in settings.webhook_allow_cidrs.split(",")]
        opened = tuple(ip_network(part, strict=False) for part in networks if part)
    except ValueError as error:
        raise UserError("QINGFENG_WEBHOOK_ALLOW_CIDRS: networks such as 10.1.0.0/16") from error
    own = urlsplit(settings.public_url).hostname
    return Rules(ports, opened, frozenset([own] if own else []))


def is_refused(address: Address) -> bool:
    """Whether an address is anything but a plain public unicast one."""
    if isinstance(address, IPv6Address) and (address.scope_id or address.is_multicast):
        return True
    return any(address in network for network in REFUSED if network.version == address.version) or (
        not address.is_global
    )


def is_own(address: Address) -> bool:
    """Whether an address is this machine's: only such a one can be bound to. Where the kernel lets bind to
    any (a sysctl of some proxies), nothing can be told and nothing is refused for it."""
    foreign = "2001:db8::1" if address.version == 6 else "192.0.2.1"
    return _can_bind(str(address)) and not _can_bind(foreign)


async def check(url: str, rules: Rules, resolve: Resolve) -> None:
    """Raises Refused unless `url` may be called: form, port, and every address of its host."""
    parts = urlsplit_checked(url)
    await addresses(parts.hostname or "", port_of(url), parts.scheme, rules, resolve)


async def addresses(host: str, port: int, scheme: str, rules: Rules, resolve: Resolve) -> list[str]:
    """All addresses of a host, every one of them allowed. Raises Refused."""
    try:
        found = [_parse(text) for text in await resolve(host, port)]
    except OSError as error:
        raise Refused("url_unknown_host", f"the host {host!r} has no address") from error
    if not found:
        raise Refused("url_unknown_host", f"the host {host!r} has no address")
    opened = all(rules.opens(address) for address in found)
    if host.lower().rstrip(".") in rules.own and not opened:
        raise Refused("url_own", f"{host} is this system itself{OPENS}")
    if not all(rules.allows(address, port, scheme) for address in found):
        raise _not_allowed(scheme, host, port)
    return [str(_unmapped(address)) for address in found]


def check_address(text: str, port: int, scheme: str, rules: Rules) -> None:
    """Raises Refused unless a connection to this address may be made."""
    if not rules.allows(_parse(text), port, scheme):
        raise _not_allowed(scheme, text, port)


def urlsplit_checked(url: str):
    """The parts of a URL that could be called. Raises Refused."""
    try:
        parts = urlsplit(url)
        port_of(url)
    except ValueError as error:
        raise Refused("url_unreadable", "not a URL") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused("url_scheme", "a webhook's URL begins with https:// and names a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused("url_extras", "a webhook's URL holds no user name, password or fragment")
    if any(character <= " " or character == "\\" or character > "~" for character in url):
        said = "a webhook's URL holds only printable ASCII; write other letters percent-encoded"
        raise Refused("url_ascii", said)
    return parts


def port_of(url: str) -> int:
    """The port a URL means."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


async def system_resolve(host: str, port: int) -> list[str]:
    """The system's resolver, without blocking."""
    loop = asyncio.get_running_loop()
    found: Sequence = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(entry[4][0] for entry in found))


def _not_allowed(scheme: str, host: str, port: int) -> Refused:
    return Refused("url_not_allowed", f"{scheme}://{host}:{port} is not an allowed destination{OPENS}")


def _parse(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError as error:
        raise Refused("url_unknown_host", "the host's address cannot be read") from error


def _can_bind(text: str) -> bool:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((text, 0))
    except OSError:
        return False
    return True


def _unmapped(address: Address) -> Address:
    """::ffff:10.0.0.1 means 10.0.0.1 to the kernel."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
