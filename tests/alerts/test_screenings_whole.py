"""What the door accepted, all of it is screened: receipts and screenings of a running system add up alike."""

import json
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench.system import embedded
from services.demo import county

DAYS = 20


def plain(events):
    """Events of which none takes back or corrects another: only then do sums of what came and of what stands
    agree."""
    seen = set()
    for event in events:
        name = (event["institution_id"], event.get("settlement_id"))
        if event["type"] == "cancellation" or name in seen:
            continue
        if event["type"] == "settlement":
            seen.add(name)
        yield event


def received(system, key, institution, days):
    """(events, total, fund) of an institution's settlements, from its receipts of some days."""
    events, total, fund = 0, Decimal(0), Decimal(0)
    for day in days:
        request = urllib.request.Request(
            f"http://127.0.0.1:{system.port}/v1/receipts?day={day}&institution={institution}",
            headers={"Authorization": f"Bearer {key}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            for item in json.load(answer)["items"]:
                if item["type"] == "settlement":
                    events += item["count"]
                    total += Decimal(item["total"])
                    fund += Decimal(item["fund"])
    return events, total, fund


def screened(system, institution, months):
    """The same from what was screened."""
    totals = [
        system.get(f"/v1/screenings?month={month}&institution={institution}")["totals"] for month in months
    ]
    return (
        sum(each["events"] for each in totals),
        sum(Decimal(each["total"]) for each in totals),
        sum(Decimal(each["fund"]) for each in totals),
    )


def test_every_settlement_of_a_county_is_screened():
    until = datetime.now(UTC) - timedelta(seconds=5)
    made = county.generate(seed=5, days=DAYS, persons=600, until=until)
    told = list(plain(made.events))
    settled = [event for event in told if event["type"] == "settlement"]
    days = sorted({event["occurred_at"][:10] for event in settled})
    months = sorted({day[:7] for day in days})
    busiest = [name for name, _ in Counter(event["institution_id"] for event in settled).most_common(4)]
    with embedded() as system:
        key = system.qingfeng("keys", "create", "--institution", ",".join(busiest))
        for begin in range(0, len(told), 500):
            assert not system.post(told[begin : begin + 500])["rejected"]
        system.wait_judged()
        for institution in busiest:
            assert screened(system, institution, months) == received(system, key, institution, days)
        whole = [system.get(f"/v1/screenings?month={month}")["totals"] for month in months]
        assert sum(totals["events"] for totals in whole) == len(settled)
        assert sum(totals["settlements"] for totals in whole) == len(settled)
