"""No webhook reaches into our own network, whatever its URL looks like or its name resolves to."""

import asyncio
import re
from ipaddress import ip_address, ip_network

import pytest

from services.alerts.webhooks import destinations
from services.alerts.webhooks.destinations import (
    Refused,
    Rules,
    check,
    check_address,
    is_own,
    is_refused,
    rules_from,
    system_resolve,
)
from services.runtime.errors import UserError
from services.settings import Settings

STRICT = Rules(frozenset({443, 8443}))

PRIVATE = re.findall(
    r"\S+",
    """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.254 127.0.0.1 127.8.8.8
    169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1
    198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
    :: ::1 ::2 ::10.0.0.1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
    64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
    2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 3fff::1 5f00::1 5f00:1234::1 fc00::1
    fd00:ec2::254 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff05::1:3 ff0e::1
    """,
)
PUBLIC = re.findall(
    r"\S+", "1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.32.0.1 2606:4700::1111 2a00::1"
)


def resolving(*addresses):
    async def resolve(host, port):
        return list(addresses)

    return resolve


def checked(url, rules=STRICT, resolve=None):
    asyncio.run(check(url, rules, resolve or resolving("93.184.216.34")))


@pytest.mark.parametrize("text", PRIVATE)
def test_every_address_that_is_not_plainly_public_is_refused(text):
    assert is_refused(ip_address(text))
    with pytest.raises(Refused):
        checked("https://hooks.example", resolve=resolving(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text):
    assert not is_refused(ip_address(text))
    checked("https://hooks.example", resolve=resolving(text))


def test_one_refused_address_refuses_the_name():
    with pytest.raises(Refused):
        checked("https://hooks.example", resolve=resolving("93.184.216.34", "10.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example",
        "https://hooks.example:22",
        "https://hooks.example:5432",
        "https://hooks.example:80",
        "https://user:word@hooks.example",
        "https://user@hooks.example",
        "https://hooks.example/#top",
        "https://",
        "https:///path",
        "ftp://hooks.example",
        "file:///etc/passwd",
        "gopher://hooks.example",
        "javascript:alert(1)",
        "hooks.example",
        "https://hooks.example:99999",
        "https://hooks.example\\@evil.example",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX-Evil: 1",
        "https://[::1",
        "https://hööks.example",
    ],
)
def test_urls_that_are_not_plain_https_are_refused(url):
    with pytest.raises(Refused):
        checked(url)


@pytest.mark.parametrize(
    "host",
    [
        *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "0", "[::1]", "[::]"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::7f00:1]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[5f00::1]", "[fe80::1]", "[ff02::1]"),
    ],
)
def test_loopback_in_disguise_is_refused_by_the_real_resolver(host):
    with pytest.raises(Refused):
        checked(f"https://{host}/hook", resolve=system_resolve)


def test_a_name_without_an_address_is_refused():
    async def nowhere(host, port):
        raise OSError

    for resolve in (nowhere, resolving()):
        with pytest.raises(Refused):
            checked("https://hooks.example", resolve=resolve)


def test_opened_networks_may_be_called_on_any_port_and_in_plain_http():
    rules = Rules(frozenset({443}), (ip_network("10.1.0.0/16"),))
    checked("http://inside.example:9000", rules, resolving("10.1.2.3"))
    checked("http://inside.example:9000", rules, resolving("::ffff:10.1.2.3"))
    for address in ("10.2.0.1", "8.8.8.8"):
        with pytest.raises(Refused):
            checked("http://inside.example:9000", rules, resolving(address))


def test_settings_give_ports_and_networks_or_say_what_is_wrong():
    rules = rules_from(Settings(webhook_ports="443, 444", webhook_allow_cidrs="10.0.0.0/8, fd00::/8"))
    assert rules.ports == {443, 444}
    assert len(rules.opened) == 2
    for wrong in (Settings(webhook_ports="https"), Settings(webhook_allow_cidrs="intranet")):
        with pytest.raises(UserError, match="QINGFENG_WEBHOOK"):
            rules_from(wrong)


def test_this_machines_own_addresses_are_refused_even_where_they_are_public(monkeypatch):
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address("8.8.8.8"))
    monkeypatch.setattr(destinations, "_can_bind", {"8.8.8.8"}.__contains__)
    with pytest.raises(Refused):
        checked("https://hooks.example", resolve=resolving("8.8.8.8"))
    checked("https://hooks.example", resolve=resolving("1.1.1.1"))
    monkeypatch.setattr(destinations, "_can_bind", lambda text: True)
    checked("https://hooks.example", resolve=resolving("8.8.8.8"))


def test_the_name_under_which_outsiders_reach_this_system_is_refused_unless_its_network_is_opened():
    own = rules_from(Settings(public_url="https://Qingfeng.example:8443"))
    for url in ("https://qingfeng.example/hook", "https://QINGFENG.example.:8443/v1/events"):
        with pytest.raises(Refused, match="itself"):
            checked(url, own)
    opened = Settings(public_url="https://qingfeng.example", webhook_allow_cidrs="93.184.216.0/24")
    checked("https://qingfeng.example/hook", rules_from(opened))


def test_an_address_is_checked_once_more_where_the_socket_is_made():
    check_address("93.184.216.34", 443, "https", STRICT)
    for text in ("10.0.0.1", "::1", "2130706433", "127.1", "hooks.example"):
        with pytest.raises(Refused):
            check_address(text, 443, "https", STRICT)
