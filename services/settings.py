"""Every knob of the system: one frozen value, read once from `QINGFENG_…` at the entry point.

The table of names, defaults and meanings for operators is `.env.example`; a test holds the two together.
"""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

PREFIX = "QINGFENG_"


class SettingsError(ValueError):
    """A setting cannot be used as it is; the message names it and says what would do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Field `data_dir` is read from `QINGFENG_DATA_DIR`, and so on; `…_FILE` names a file that holds it."""

    data_dir: Path = Path(".qingfeng")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    timezone: str = "Asia/Shanghai"
    lateness_days: int = 180
    pseudonym_key: str = field(default="", repr=False)
    vault_key: str = field(default="", repr=False)
    public_url: str = ""
    trusted_proxies: str = "127.0.0.1,::1"
    log_level: str = "info"
    log_format: str = "json"

    kafka: str = ""
    topic_prefix: str = ""
    partitions: int = 16
    replicas: int = 1
    relay_batch: int = 200
    commit_interval_seconds: float = 1.0
    session_timeout_seconds: float = 15.0
    worker_dir: Path | None = None
    metrics_port: int = 0

    backlog_rows: int = 2_000_000
    backlog_mebibytes: int = 4_096
    inbox_retention_days: int = 400
    rate_per_key: int = 20_000
    rate_burst: int = 60_000
    person_facts_limit: int = 1_000
    incident_retention_days: int = 400
    withdrawn_retention_days: int = 1_095

    webhook_allow_cidrs: str = ""
    webhook_timeout_seconds: float = 15.0
    webhook_ports: str = "443,8443"
    webhook_retention_days: int = 30
    session_hours: int = 12
    stream_readers: int = 1_000
    otlp_endpoint: str = ""
    trace_ratio: float = 1.0
    failpoint: str = ""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except Exception as error:
            raise SettingsError(f"QINGFENG_TIMEZONE: no time zone {self.timezone!r}") from error
        if self.lateness_days < 0:
            raise SettingsError("QINGFENG_LATENESS_DAYS: a number of days, 0 or more")
        if self.webhook_retention_days < 7:
            raise SettingsError("QINGFENG_WEBHOOK_RETENTION_DAYS: a number of days, 7 or more")
        for name in ("inbox", "incident", "withdrawn"):
            if getattr(self, f"{name}_retention_days") < 1:
                raise SettingsError(f"{PREFIX}{name.upper()}_RETENTION_DAYS: a number of days, 1 or more")
        if self.otlp_endpoint and not self.otlp_endpoint.startswith(("http://", "https://")):
            raise SettingsError("QINGFENG_OTLP_ENDPOINT: http://host:4318, or https://")
        if not 0 <= self.trace_ratio <= 1:
            raise SettingsError("QINGFENG_TRACE_RATIO: 0 to 1")
        if not 1 <= self.partitions <= 1_024:
            raise SettingsError("QINGFENG_PARTITIONS: 1 to 1024")
        if not 1 <= self.replicas <= 32:
            raise SettingsError("QINGFENG_REPLICAS: 1 to the number of brokers")


def read_settings(environment: dict[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, then `overrides` (those that are not None).

    Raises SettingsError with one line that names the variable.
    """
    source = os.environ if environment is None else environment
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for knob in fields(Settings):
        text = _text(source, PREFIX + knob.name.upper())
        if text is not None:
            values[knob.name] = _read(knob.name, text, hints[knob.name])
    values.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**values)


def _text(source: Any, name: str) -> str | None:
    if source.get(name):
        return source[name]
    if source.get(name + "_FILE"):
        try:
            return Path(source[name + "_FILE"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name}_FILE: {error.strerror}") from error
    return None


def _read(name: str, text: str, hint: Any) -> Any:
    try:
        if hint is int:
            return int(text)
        if hint is float:
            return float(text)
        return text if hint is str else Path(text)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()}: {text!r} is not a number") from error
