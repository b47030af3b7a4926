"""A made-up person and card go through the whole system; nobody can read them anywhere but in the vault."""

import urllib.error
import urllib.request

from bench.system import Running, embedded

PERSON = "43999919770707CANARY"
CARD = "CARD-CANARY-77077"


def events() -> list[dict]:
    common = {"person_id": PERSON, "card": {"kind": "social_card", "number": CARD}, "med_type": "21"}
    return [
        {
            **common,
            "type": "admission",
            "event_id": f"c{place}",
            "institution_id": f"H{place}",
            "encounter_id": f"M{place}",
            "occurred_at": f"2026-11-0{place}T09:00:00+08:00",
        }
        for place in (1, 3)
    ]


def refused(system: Running, body: bytes) -> str:
    """The answer to a request that is not taken."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{system.port}/v1/events",
        body,
        {"Authorization": f"Bearer {system.key}", "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        return error.read().decode()
    raise AssertionError("it was taken")


def text_of(system: Running, path: str) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{system.port}{path}", headers={"Authorization": f"Bearer {system.token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def test_a_canary_is_in_no_answer_no_log_no_metric_and_no_listing():
    with embedded(QINGFENG_LOG_LEVEL="debug") as system:
        system.post(events())
        bad = f'[{{"type":"settlement","person_id":"{PERSON}","card":{{"number":"{CARD}"}},"x":1}}]'
        seen = [refused(system, bad.encode()), refused(system, bad[:-2].encode())]
        system.wait_judged()
        alerts = system.alerts()
        assert [alert["rule"] for alert in alerts] == ["A01"]
        paths = ["/v1/alerts", f"/v1/alerts/{alerts[0]['alert_id']}", "/v1/status", "/v1/data-defects"]
        paths += ["/v1/data-defects/summary", "/v1/suspended", "/v1/dead-letters"]
        seen += [text_of(system, path) for path in [*paths, "/metrics", "/healthz", "/readyz"]]
        for command in ("dead-letters list", "data-defects", "suspended", "doctor"):
            seen.append(system.qingfeng(*command.split()))
        assert system.stop() == 0
        seen.append(system.log.read_text())
    for text in seen:
        assert PERSON not in text
        assert CARD not in text
