"""One try against receivers that misbehave."""

import asyncio
import resource
import ssl
from ipaddress import ip_network

import pytest

from services.alerts.webhooks.destinations import Rules
from services.alerts.webhooks.sending import KEPT_BYTES, Sender
from tests.alerts.serving import receiving

OPENED = Rules(frozenset({443}), (ip_network("127.0.0.0/8"),))


async def home(host, port):
    return ["127.0.0.1"]


def try_once(answer, *, seconds=5.0, resolve=home, rules=OPENED, url="http://hooks.example:{port}/hook?x=1"):
    """(what the sender says, the requests the receiver saw)."""

    async def run():
        sender = Sender(rules, resolve, seconds, ssl.create_default_context())
        async with receiving(answer) as (port, requests):
            try:
                told = await sender.send(url.format(port=port), {"webhook-id": "msg_1"}, b'{"n":1}')
            finally:
                await sender.close()
        return told, requests

    return asyncio.run(run())


def saying(text):
    async def answer(writer):
        writer.write(text)
        await writer.drain()

    return answer


def test_the_receiver_sees_the_body_the_headers_and_the_name_of_the_url():
    told, requests = try_once(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    assert told.delivered
    assert told.body == "ok"
    head = requests[0].decode().lower()
    assert head.startswith("post /hook?x=1 http/1.1\r\nhost: hooks.example:")
    assert "webhook-id: msg_1\r\n" in head
    assert "content-type: application/json\r\n" in head
    assert requests[0].endswith(b'\r\n\r\n{"n":1}')


def test_a_redirect_to_the_metadata_service_is_a_failure_and_is_not_followed():
    asked = []

    async def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    to = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n"
    told, requests = try_once(saying(to), resolve=resolve)
    assert (told.status, told.delivered) == (302, False)
    assert asked == ["hooks.example"]
    assert len(requests) == 1


def test_a_name_that_turns_inward_between_two_tries_is_refused():
    answers = [["127.0.0.1"], ["10.0.0.5"]]

    async def rebinding(host, port):
        return answers.pop(0)

    async def run():
        sender = Sender(OPENED, rebinding, 5.0, ssl.create_default_context())
        closing = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        async with receiving(closing) as (port, requests):
            url = f"http://hooks.example:{port}/"
            told = [await sender.send(url, {}, b"{}") for _ in range(2)]
            await sender.close()
            return told, requests

    told, requests = asyncio.run(run())
    assert [one.error for one in told] == ["", "refused"]
    assert len(requests) == 1


def test_the_connection_goes_to_the_address_that_was_checked():
    """The resolver is asked once; a second answer would be another address."""
    answers = [["127.0.0.1"]]

    async def once(host, port):
        return answers.pop(0)

    told, _ = try_once(saying(b"HTTP/1.1 204 No Content\r\n\r\n"), resolve=once)
    assert told.delivered


def test_without_an_opened_network_loopback_is_refused():
    told, requests = try_once(saying(b""), rules=Rules(frozenset({443})))
    assert (told.error, requests) == ("refused", [])


def test_a_gigabyte_of_answer_costs_neither_memory_nor_time():
    sent = []

    async def flood(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        chunk = b"x" * 65_536
        for _ in range(16_384):
            writer.write(chunk)
            await writer.drain()
            sent.append(len(chunk))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told, _ = try_once(flood)
    assert told.delivered
    assert len(told.body) == KEPT_BYTES
    assert sum(sent) < 100 * 2**20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1_024


def test_a_receiver_that_trickles_for_ever_is_cut_off():
    async def trickle(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    told, _ = try_once(trickle, seconds=0.4)
    assert told.error == "timeout"


@pytest.mark.parametrize(
    ("nonsense", "error"),
    [
        (b"", "cut_off"),
        (b"HELLO\r\n\r\n", "unreadable"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "unreadable"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 200_000, "unreadable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "unreadable"),
    ],
)
def test_nonsense_is_an_answer_without_a_status(nonsense, error):
    told, _ = try_once(saying(nonsense))
    assert (told.status, told.delivered, told.error) == (None, False, error)


def test_a_port_where_nobody_listens_cannot_be_reached():
    assert try_once(saying(b""), url="http://hooks.example:1/")[0].error == "unreachable"


def test_retry_after_is_read_from_the_answer():
    text = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n"
    told, _ = try_once(saying(text))
    assert (told.status, told.retry_after) == (429, 30.0)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert try_once(saying(b"HTTP/1.1 204 No Content\r\n\r\n"))[0].delivered


def test_plain_http_talk_on_a_tls_port_is_a_failure():
    told, _ = try_once(saying(b""), url="https://hooks.example:{port}/", seconds=1.0)
    assert told.status is None


def test_a_resolver_that_changes_its_mind_during_a_try_is_asked_only_once():
    """The first answer is checked and used; the second, inward one is never asked for."""
    asked = []

    async def turning(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    told, requests = try_once(saying(b"HTTP/1.1 204 No Content\r\n\r\n"), resolve=turning)
    assert told.delivered
    assert (asked, len(requests)) == (["hooks.example"], 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_an_address_in_the_url_passes_no_resolver_and_is_refused_all_the_same(host):
    told, requests = try_once(
        saying(b""), rules=Rules(frozenset({443})), url="https://" + host + ":443/", seconds=2.0
    )
    assert (told.status, requests) == (None, [])
    assert told.error in ("refused", "InvalidUrlClientError")


def test_a_kept_connection_serves_further_tries():
    async def run():
        sender = Sender(OPENED, home, 5.0, ssl.create_default_context())
        connections = 0

        async def serve(reader, writer):
            nonlocal connections
            connections += 1
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                assert head.startswith(b"POST")
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://hooks.example:{server.sockets[0].getsockname()[1]}/"
        told = [await sender.send(url, {}, b"{}") for _ in range(3)]
        await sender.close()
        server.close()
        return told, connections

    told, connections = asyncio.run(run())
    assert all(one.delivered for one in told)
    assert connections == 1
