"""What the dashboards show: panels by row, each with its meaning and its queries."""

from panels import Board, Graph, increase, quantile, quantiles, rate

OPENED = 'qingfeng_alerts_total{event="opened"}'
ACCEPTED = 'qingfeng_ingest_events_total{result="accepted"}'
DOOR = "POST /v1/events"

NOW = Board(
    "qingfeng-now",
    "清风 · 当前结算 / Settlements now",
    {
        "进与判 / In and judged": [
            Graph(
                "接收（按交易类型） / Accepted, by type",
                "Events a second that the door accepted.",
                "ops",
                [(rate(ACCEPTED, "type"), "{{type}}")],
            ),
            Graph(
                "判断 / Judged",
                "Entries a second that the detector took: of persons, and what crosses to shared keys.",
                "ops",
                [(rate("qingfeng_detector_events_total", "topic"), "{{topic}}")],
            ),
            Graph(
                "积压时长 / Lag in seconds",
                "How long the oldest event has waited that is not judged with its alerts stored.",
                "s",
                [("max(qingfeng_lag_seconds)", "lag")],
                page_above=60,
            ),
            Graph(
                "筛查结算（按类别） / Settlements screened, by care",
                "Settlements a second that were judged; again when a correction changes them.",
                "ops",
                [(rate("qingfeng_detector_screenings_total", "care"), "{{care}}")],
            ),
            Graph(
                "筛查结算（按地区） / Settlements screened, by region",
                "Regions as the registry names them; all others together.",
                "ops",
                [(rate("qingfeng_detector_screenings_total", "region"), "{{region}}")],
            ),
            Graph(
                "积压条数 / Lag in events",
                "Events accepted and not yet judged with their alerts stored.",
                "short",
                [("max(qingfeng_lag_events)", "waiting")],
            ),
        ],
        "未收 / Not taken": [
            Graph(
                "重复与拒收 / Duplicates and refusals",
                "Duplicates are harmless resends. Refusals are the sender's mistakes, by reason.",
                "ops",
                [
                    (
                        rate('qingfeng_ingest_events_total{result!="accepted"}', "result, reason"),
                        "{{result}} {{reason}}",
                    )
                ],
            ),
            Graph(
                "整单拒绝 / Requests refused as a whole",
                "No key, a foreign institution, too fast, or the inbox cannot take it.",
                "reqps",
                [(rate("qingfeng_ingest_requests_refused_total", "reason"), "{{reason}}")],
            ),
            Graph(
                "应答状态 / Answers of the door",
                "Requests a second by status. 429 and 503 mean: come again later.",
                "reqps",
                [(rate("qingfeng_ingest_requests_total", "status"), "{{status}}")],
            ),
        ],
    },
)

ALERTS = Board(
    "qingfeng-alerts",
    "清风 · 预警 / Alerts",
    {
        "新增 / New": [
            Graph(
                "新预警（按规则） / Opened, by rule",
                "Suspected, in the interval; a rule that suddenly rises wants a look at its parameters too.",
                "short",
                [(increase(OPENED, "rule"), "{{rule}}")],
            ),
            Graph(
                "新预警（按严重程度） / Opened, by severity",
                "1 is gravest.",
                "short",
                [(increase(OPENED, "severity"), "severity {{severity}}")],
            ),
            Graph(
                "新预警涉及金额 / Suspected amount, by rule",
                "Yuan of alerts opened in the interval. What two alerts share is counted in both.",
                "suffix: 元",
                [(increase("qingfeng_alert_amount_yuan_total", "rule"), "{{rule}}")],
            ),
            Graph(
                "新增、变更、撤回 / Opened, changed, withdrawn",
                "Withdrawn: what caused them was cancelled or corrected.",
                "short",
                [(increase("qingfeng_alerts_total", "event"), "{{event}}")],
            ),
            Graph(
                "从结算到预警 / From event to alert",
                "From the moment the door took an event to the storing of the alert it opened.",
                "s",
                quantiles("qingfeng_alert_latency_seconds"),
                page_above=5,
            ),
            Graph(
                "数据缺陷 / Data defects, by code",
                "Contradictions in what institutions sent, found in the interval. Never evidence.",
                "short",
                [(increase("qingfeng_data_defects_total", "code"), "{{code}}")],
            ),
        ],
        "现存 / Standing": [
            Graph(
                "未结预警 / Open alerts, by severity",
                "Rules on trial are left out.",
                "short",
                [("max by (severity) (qingfeng_alerts_open)", "severity {{severity}}")],
            ),
            Graph(
                "涉及机构 / Institutions named",
                "How many institutions open alerts name.",
                "short",
                [("max(qingfeng_alerts_open_institutions)", "institutions")],
            ),
        ],
    },
)

PIPELINE = Board(
    "qingfeng-pipeline",
    "清风 · 流水线 / Pipeline",
    {
        "收件箱与转发 / Inbox and relay": [
            Graph(
                "收件箱条数 / Inbox, entries waiting",
                "What the inbox's reader has not taken: embedded the judge, on Kafka the relay.",
                "short",
                [("max(qingfeng_inbox_backlog_rows)", "waiting")],
            ),
            Graph(
                "收件箱字节 / Inbox, bytes waiting",
                "At QINGFENG_BACKLOG_ROWS or QINGFENG_BACKLOG_MEBIBYTES the door closes.",
                "bytes",
                [("max(qingfeng_inbox_backlog_bytes)", "waiting")],
            ),
            Graph(
                "最久等待 / Oldest in the inbox",
                "How long the oldest entry has waited for the inbox's reader.",
                "s",
                [("max(qingfeng_inbox_oldest_age_seconds)", "oldest")],
                page_above=60,
            ),
            Graph(
                "转发 / Relayed to Kafka",
                "Entries a second that Kafka has acknowledged. Kafka only.",
                "ops",
                [(rate("qingfeng_relay_entries_total"), "relayed")],
            ),
            Graph(
                "Kafka 积压 / Kafka lag",
                "Records that their reader has not finished, by topic. Kafka only.",
                "short",
                [("sum by (topic) (qingfeng_consumer_lag_records)", "{{topic}}")],
            ),
            Graph(
                "入库 / Alert records stored",
                "Records a second of the alerts topic that were stored. Kafka only.",
                "ops",
                [(rate("qingfeng_alerts_consumed_records_total"), "stored")],
            ),
        ],
        "判断 / Judgement": [
            Graph(
                "单条判断时长 / Time to judge an entry",
                "One entry of a person, all rules together.",
                "s",
                quantiles("qingfeng_judgement_seconds"),
            ),
            Graph(
                "等待判断 / Waited to be judged",
                "From the door to the judge: the oldest event of each slice.",
                "s",
                quantiles("qingfeng_detector_event_lag_seconds"),
            ),
            Graph(
                "状态大小 / State",
                "What is remembered, on disk: the database's table, or the sum of the workers' RocksDB.",
                "bytes",
                [("sum(qingfeng_state_bytes)", "state")],
            ),
            Graph(
                "恢复时长 / Recovery",
                "How long starting, or dealing partitions anew, kept from judging: sum and count so far.",
                "s",
                [
                    ("sum(qingfeng_recovery_duration_seconds_sum)", "seconds so far"),
                    ("sum(qingfeng_recovery_duration_seconds_count)", "times so far"),
                ],
            ),
            Graph(
                "待判月份 / Months waiting",
                "Months whose rules are to be run: some seconds after the last change, at most hourly.",
                "short",
                [("max(qingfeng_months_waiting)", "months")],
            ),
            Graph(
                "迟到 / Too late",
                "Events behind the retention on arrival: accepted, counted, not judged.",
                "short",
                [(increase("qingfeng_detector_too_late_total"), "too late")],
            ),
            Graph(
                "重复消息 / Alert messages said again",
                "Said nothing new: resent after a restart, or overtaken.",
                "short",
                [(increase("qingfeng_alert_repeats_total"), "repeats")],
            ),
        ],
        "出错 / Set aside": [
            Graph(
                "死信 / Dead letters",
                "Entries that wait to be judged again, and all set aside so far, by kind of error.",
                "short",
                [
                    ("max(qingfeng_dead_letters_waiting)", "waiting"),
                    ("sum by (reason) (qingfeng_dlq_records_total)", "so far: {{reason}}"),
                ],
            ),
            Graph(
                "判断出错 / Raised while judging",
                "Messages that made a rule or a decoder raise so far, by stage.",
                "short",
                [("sum by (stage) (qingfeng_detector_poison_total)", "{{stage}}")],
            ),
        ],
    },
)

DELIVERIES = Board(
    "qingfeng-deliveries",
    "清风 · 推送 / Deliveries",
    {
        "推送 / Webhooks": [
            Graph(
                "推送结果 / Tries, by outcome",
                "Webhook tries a second.",
                "ops",
                [(rate("qingfeng_webhook_attempts_total", "outcome"), "{{outcome}}")],
            ),
            Graph(
                "推送时长 / Time to delivery",
                "From the storing of a change to the receiver's 2xx, where one try was enough.",
                "s",
                quantiles("qingfeng_webhook_delivery_seconds"),
            ),
            Graph(
                "最久待推送 / Oldest that is due",
                "Age of the oldest delivery that is due and not done.",
                "s",
                [("max(qingfeng_webhook_queue_oldest_age_seconds)", "oldest")],
                page_above=300,
            ),
            Graph(
                "待推送 / Waiting",
                "Deliveries that are not done, those that wait for a next try among them.",
                "short",
                [("max(qingfeng_webhook_deliveries_waiting)", "waiting")],
            ),
            Graph(
                "端点 / Endpoints",
                "How they fare; slowed ones asked for less.",
                "short",
                [("max by (health) (qingfeng_webhook_endpoints)", "{{health}}")],
            ),
            Graph(
                "停用 / Switched off",
                "So far, by reason: gone (it answered 410) or failing (nothing got through for five days).",
                "short",
                [("sum by (reason) (qingfeng_webhooks_disabled_total)", "{{reason}}")],
            ),
        ],
        "实时流 / Live stream": [
            Graph(
                "连接 / Readers",
                "Connections that follow GET /v1/alerts/stream now.",
                "short",
                [("sum(qingfeng_stream_readers)", "readers")],
            ),
            Graph(
                "断开 / Ended from this side",
                "In the interval, by reason. Slow readers are dropped and resume by their last id.",
                "short",
                [(increase("qingfeng_stream_cut_total", "reason"), "{{reason}}")],
            ),
        ],
    },
)

SERVICE = Board(
    "qingfeng-service",
    "清风 · 服务 / Service",
    {
        "请求 / Requests, by route": [
            Graph(
                "请求 / Rate",
                "Requests a second, by route.",
                "reqps",
                [
                    (rate("qingfeng_ingest_requests_total"), DOOR),
                    (rate("qingfeng_http_requests_total", "method, route"), "{{method}} {{route}}"),
                ],
            ),
            Graph(
                "错误 / Errors",
                "Requests a second answered with 4xx or 5xx, by route and status.",
                "reqps",
                [
                    (
                        rate('qingfeng_ingest_requests_total{status=~"[45].."}', "status"),
                        DOOR + " {{status}}",
                    ),
                    (
                        rate('qingfeng_http_requests_total{status=~"[45].."}', "method, route, status"),
                        "{{method}} {{route}} {{status}}",
                    ),
                ],
            ),
            Graph(
                "时长 / Duration, p99",
                "From a request's head to the end of its answer, by route.",
                "s",
                [
                    (quantile("qingfeng_ingest_request_duration_seconds", 0.99), DOOR),
                    (
                        quantile("qingfeng_http_request_duration_seconds", 0.99, "le, method, route"),
                        "{{method}} {{route}}",
                    ),
                ],
            ),
        ],
        "进程 / Processes": [
            Graph(
                "数据库连接 / Database connections",
                "Of each process's pool, by state. In use at the limit: requests wait for a connection.",
                "short",
                [("qingfeng_database_connections", "{{job}} {{instance}} {{state}}")],
            ),
            Graph(
                "事件循环延迟 / Event loop lag, p99",
                "What every request of a process waits for.",
                "s",
                [
                    (
                        quantile("qingfeng_event_loop_lag_seconds", 0.99, "le, job, instance"),
                        "{{job}} {{instance}}",
                    )
                ],
            ),
            Graph(
                "内存 / Memory",
                "Resident memory of each process.",
                "bytes",
                [("qingfeng_process_resident_memory_bytes", "{{job}} {{instance}}")],
            ),
            Graph(
                "处理器 / CPU",
                "Cores that each process keeps busy.",
                "short",
                [("rate(qingfeng_process_cpu_seconds_total[$__rate_interval])", "{{job}} {{instance}}")],
            ),
            Graph(
                "文件描述符 / Open files",
                "Share of what the process may open.",
                "percentunit",
                [("qingfeng_process_open_fds / qingfeng_process_max_fds", "{{job}} {{instance}}")],
            ),
        ],
    },
)

BOARDS = (NOW, ALERTS, PIPELINE, DELIVERIES, SERVICE)
