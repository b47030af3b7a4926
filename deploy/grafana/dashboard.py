"""The one dashboard, as code: `python deploy/grafana/dashboard.py` writes dashboards/qingfeng.json.

A test holds the two together and every metric in it to the code.
"""

import json
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("dashboards") / "qingfeng.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT, COLUMNS = 8, 8, 24
OPENED = 'qingfeng_alerts_total{event="opened"}'


def rate(metric: str, by: str = "") -> str:
    """Per second, summed over processes."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}[$__rate_interval]))"


def increase(metric: str, by: str = "") -> str:
    """How many in the interval, summed over processes."""
    return f"sum{f' by ({by})' if by else ''} (increase({metric}[$__rate_interval]))"


def quantiles(metric: str) -> list[tuple[str, str]]:
    """The median and the 99th percentile of a histogram."""
    buckets = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return [(f"histogram_quantile({share}, {buckets})", f"p{share * 100:.0f}") for share in (0.5, 0.99)]


ROWS: list[tuple[str, list[tuple[str, str, str, list[tuple[str, str]]]]]] = [
    (
        "The way of a settlement 结算流",
        [
            (
                "Accepted and judged 接收与判断",
                "Events a second that the door accepted, that Kafka has, and that the detector took.",
                "ops",
                [
                    (rate('qingfeng_ingest_events_total{result="accepted"}'), "accepted"),
                    (rate("qingfeng_relay_entries_total"), "on Kafka"),
                    (rate("qingfeng_detector_events_total", "topic"), "judged {{topic}}"),
                ],
            ),
            (
                "Not taken: duplicates and refusals 重复与拒收",
                "Duplicates are harmless resends. Refusals are the sender's mistakes, by reason.",
                "ops",
                [
                    (
                        rate('qingfeng_ingest_events_total{result!="accepted"}', "result, reason"),
                        "{{result}} {{reason}}",
                    ),
                    (rate("qingfeng_ingest_requests_refused_total", "reason"), "request {{reason}}"),
                ],
            ),
            (
                "Answers of the door, by status 应答状态",
                "Requests a second. 429 and 503 mean: come again later.",
                "reqps",
                [(rate("qingfeng_ingest_requests_total", "status"), "{{status}}")],
            ),
            (
                "Lag in events 积压条数",
                "Entries that wait in the inbox.",
                "short",
                [("max(qingfeng_inbox_backlog_rows)", "waiting")],
            ),
            (
                "Lag in seconds 积压时长",
                "How long the oldest entry has waited. Above 60 s for five minutes it pages.",
                "s",
                [("max(qingfeng_inbox_oldest_age_seconds)", "oldest")],
            ),
            (
                "Backlog in bytes 积压字节",
                "At the limits (QINGFENG_BACKLOG_ROWS, QINGFENG_BACKLOG_MEBIBYTES) the door closes.",
                "bytes",
                [("max(qingfeng_inbox_backlog_bytes)", "waiting")],
            ),
        ],
    ),
    (
        "How fast 时延",
        [
            (
                "Time of a POST 接口时延",
                "From the first byte of the request to the answer, the commit included.",
                "s",
                quantiles("qingfeng_ingest_request_duration_seconds"),
            ),
            (
                "Judgement 判断时延",
                "One entry of a person, all rules together.",
                "s",
                quantiles("qingfeng_judgement_seconds"),
            ),
            (
                "End to end 端到端时延",
                "From the moment the door took an event to the storing of the alert it opened.",
                "s",
                quantiles("qingfeng_alert_latency_seconds"),
            ),
        ],
    ),
    (
        "What was found 预警",
        [
            (
                "Alerts opened, by rule 按规则",
                "In the interval.",
                "short",
                [(increase(OPENED, "rule"), "{{rule}}")],
            ),
            (
                "Alerts opened, by severity 按严重程度",
                "1 is gravest.",
                "short",
                [(increase(OPENED, "severity"), "severity {{severity}}")],
            ),
            (
                "Changed, withdrawn, said again 变更与撤回",
                "Repeats are messages that said nothing new: resent after a restart, or overtaken.",
                "short",
                [
                    (increase('qingfeng_alerts_total{event!="opened"}', "event"), "{{event}}"),
                    (increase("qingfeng_alert_repeats_total"), "repeats"),
                ],
            ),
            (
                "Dead letters 死信",
                "Entries that made a rule raise. Should be none.",
                "short",
                [
                    ("sum by (reason) (qingfeng_dlq_records_total)", "{{reason}}"),
                    ("sum by (stage) (qingfeng_detector_poison_total)", "raised in {{stage}}"),
                ],
            ),
            (
                "Data defects, by code 数据缺陷",
                "Contradictions in what institutions sent, found in the interval. Never evidence.",
                "short",
                [(increase("qingfeng_data_defects_total", "code"), "{{code}}")],
            ),
            (
                "Too late 过迟",
                "Events behind the retention on arrival: accepted, counted, not judged.",
                "short",
                [(increase("qingfeng_detector_too_late_total"), "too late")],
            ),
        ],
    ),
    (
        "Told to others 推送",
        [
            (
                "Tries, by outcome 推送结果",
                "Webhook tries a second.",
                "ops",
                [(rate("qingfeng_webhook_attempts_total", "outcome"), "{{outcome}}")],
            ),
            (
                "Time to delivery 推送时延",
                "From the storing of a change to the receiver's 2xx, where one try was enough.",
                "s",
                quantiles("qingfeng_webhook_delivery_seconds"),
            ),
            (
                "Waiting and switched off 待推送与停用",
                "Age of the oldest delivery that is due; endpoints switched off so far.",
                "short",
                [
                    ("max(qingfeng_webhook_queue_oldest_age_seconds)", "oldest, seconds"),
                    ("sum by (reason) (qingfeng_webhooks_disabled_total)", "switched off: {{reason}}"),
                ],
            ),
        ],
    ),
]


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, graphs in ROWS:
        panels.append(_row(len(panels) + 1, title, top))
        top += 1
        for index, graph in enumerate(graphs):
            place = {"x": index * WIDTH % COLUMNS, "y": top + index * WIDTH // COLUMNS * HEIGHT}
            panels.append(_graph(len(panels) + 1, graph, {**place, "w": WIDTH, "h": HEIGHT}))
        top += -(-len(graphs) * WIDTH // COLUMNS) * HEIGHT
    return {
        "uid": "qingfeng",
        "title": "清风 Qingfeng",
        "tags": ["qingfeng"],
        "timezone": "browser",
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "schemaVersion": 39,
        "panels": panels,
    }


def _row(number: int, title: str, top: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
        "panels": [],
    }


def _graph(number: int, graph: tuple[str, str, str, list[tuple[str, str]]], place: dict[str, int]) -> dict:
    title, meaning, unit, queries = graph
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "description": meaning,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 10}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(queries)
        ],
    }


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    OUT.write_text(text(), encoding="utf-8")
