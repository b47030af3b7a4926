"""Every knob of the system: one frozen value, read once from `QINGFENG_…` at the entry point.

The table of names, defaults and meanings for operators is `.env.example`; a test holds the two together.
"""

import math
import os
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

PREFIX = "QINGFENG_"
ANY = math.inf
BOUNDS: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "metrics_port": (0, 65_535),
    "lateness_days": (0, ANY),
    "person_facts_limit": (1, ANY),
    "partitions": (1, 1_024),
    "replicas": (1, 32),
    "relay_batch": (1, 10_000),
    "commit_interval_seconds": (0.01, 60),
    "session_timeout_seconds": (1, 1_800),
    "backlog_rows": (1, ANY),
    "backlog_mebibytes": (1, ANY),
    "inbox_retention_days": (1, ANY),
    "incident_retention_days": (1, ANY),
    "withdrawn_retention_days": (1, ANY),
    "webhook_retention_days": (7, ANY),
    "rate_per_key": (1, ANY),
    "rate_burst": (1, ANY),
    "webhook_timeout_seconds": (0.1, 120),
    "session_hours": (1, 24 * 366),
    "stream_readers": (0, ANY),
    "trace_ratio": (0, 1),
}
"""(least, most) of what is a number; NaN is neither."""
WORDS = {"log_level": ("debug", "info", "warning", "error"), "log_format": ("json", "text")}
ADDRESSES = {"public_url": "https://qingfeng.example.org", "otlp_endpoint": "http://host:4318"}


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
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                allowed = f"{least:g} to {most:g}" if math.isfinite(most) else f"{least:g} or more"
                raise SettingsError(f"{PREFIX}{name.upper()}: {value} is not {allowed}")
        for name, words in WORDS.items():
            if getattr(self, name).lower() not in words:
                raise SettingsError(f"{PREFIX}{name.upper()}: one of {', '.join(words)}")
        for name, example in ADDRESSES.items():
            value = getattr(self, name)
            if value and not value.startswith(("http://", "https://")):
                raise SettingsError(f"{PREFIX}{name.upper()}: such as {example}")
        for proxy in filter(None, (part.strip() for part in self.trusted_proxies.split(","))):
            if proxy != "*" and not _is_network(proxy):
                raise SettingsError("QINGFENG_TRUSTED_PROXIES: addresses or networks, such as 10.1.0.0/16")


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


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
