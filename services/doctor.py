"""`qingfeng doctor`: looks at what a deployment stands on; one line each: how it stands, what to do.

It changes nothing and brings no schema up to date. It works while the system runs and while it does not; of
a private database it starts the server for as long as it looks.
"""

import asyncio
import json
import logging
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError

from schemas.finding import Words
from services.alerts.webhooks.destinations import rules_from
from services.database_diagnosis import examine_database
from services.diagnosis import Finding
from services.ingest.backlog import DISK_FREE_AT_LEAST
from services.ingest.custody import KEYS
from services.runtime.errors import UserError
from services.runtime.kafka import topics
from services.runtime.secrets import SETTING_AT_LEAST
from services.settings import PREFIX, Settings, SettingsError, read_settings
from services.topics import changelog_of, topics_of

BESIDE = frozenset({"QINGFENG_TEST_KAFKA"})
"""Variables of ours that are no settings."""
LOOK_SECONDS = 10.0
DISK_SCARCE = 2 * DISK_FREE_AT_LEAST
VARIETY = 8
"""Different characters that a secret has at least; what people type for a trial has fewer."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Check settings, keys, disk, database, clock, Kafka, what waits; exit status 1 if anything is wrong."""
    # What is found is told in our own words, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    wrong = False
    for finding in examine(os.environ):
        wrong = wrong or finding.state == "bad"
        typer.echo(json.dumps(_told(finding), ensure_ascii=False) if as_json else finding.line)
    raise typer.Exit(int(wrong))


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that can be looked at from here."""
    try:
        settings = read_settings(dict(environment))
        rules_from(settings)
    except (SettingsError, UserError) as error:
        variable = str(error).partition(":")[0]
        yield Finding("bad", SETTINGS, Words(f"{variable} 的值不能用", str(error)), MEND_SETTING)
        return
    yield from _settings(environment, settings)
    yield from _keys(settings)
    yield _disk(settings)
    yield from examine_database(settings)
    if settings.kafka:
        yield from _kafka(settings)


# -- settings and keys ------------------------------------------------------------------------------------

SETTINGS = Words("设置", "settings")
MEND_SETTING = Words("按 .env.example 改正后再试", "mend it as .env.example says, and look again")


def _settings(environment: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    known = {PREFIX + knob.name.upper() for knob in fields(Settings)} | BESIDE
    given = {name for name, value in environment.items() if name.startswith(PREFIX) and value}
    strange = sorted(name for name in given if name.removesuffix("_FILE") not in known)
    if strange:
        names = ", ".join(strange)
        yield Finding("warn", SETTINGS, Words(f"不认识的变量 {names}", f"unknown: {names}"), MEND_SETTING)
    if settings.failpoint:
        said = Words("设有故障测试点 QINGFENG_FAILPOINT", "QINGFENG_FAILPOINT is set, for fault tests only")
        yield Finding("bad", SETTINGS, said, Words("去掉该变量并重启", "take it away and start again"))
    if settings.host not in ("127.0.0.1", "::1", "localhost") and settings.public_url.startswith("http:"):
        said = Words("对外地址不是 https", "the public address is not https")
        todo = Words("在前面架设 TLS 代理，见 docs/operate.md", "put a TLS proxy in front: docs/operate.md")
        yield Finding("warn", SETTINGS, said, todo)
    count = len(given)
    yield Finding("ok", SETTINGS, Words(f"{count} 项已设，其余为默认值", f"{count} given, defaults else"))


def _keys(settings: Settings) -> Iterator[Finding]:
    name = Words("密钥", "keys")
    yield from _loose_files(settings.data_dir / "secrets", name)
    given = {"pseudonym-key": settings.pseudonym_key, "vault-key": settings.vault_key}
    for key, value in given.items():
        variable = f"{PREFIX}{key.upper().replace('-', '_')}"
        if value and (len(value) < SETTING_AT_LEAST or len(set(value)) < VARIETY):
            said = Words(f"{variable} 过于简单", f"{variable} is one for trials")
            todo = Words(
                "换成随机值（如 openssl rand -hex 32）；已有数据的系统请先备份并咨询，换钥后旧化名对不上",
                "use a random one (openssl rand -hex 32); where there is data, old pseudonyms stay behind",
            )
            yield Finding("bad", name, said, todo)
    if settings.pseudonym_key and settings.pseudonym_key == settings.vault_key:
        said = Words("两把密钥相同", "both keys are the same")
        yield Finding("bad", name, said, Words("各用各的随机值", "give each a random value of its own"))
    if settings.kafka and settings.database_url and not all(given.values()):
        said = Words("多进程部署未设置密钥，各进程会各自生成", "not set: every process would make its own")
        todo = Words(
            "设置 QINGFENG_PSEUDONYM_KEY 和 QINGFENG_VAULT_KEY，各服务相同",
            "set QINGFENG_PSEUDONYM_KEY and QINGFENG_VAULT_KEY, the same for all services",
        )
        yield Finding("bad", name, said, todo)
        return
    known = [key for key in KEYS if given[key] or (settings.data_dir / "secrets" / key).exists()]
    there = ", ".join(known) or "0"
    said = Words(f"已有 {there}；缺的首次使用时生成", f"there: {there}; others are made when used")
    yield Finding("ok", name, said)


def _loose_files(folder: Path, name: Words) -> Iterator[Finding]:
    if not folder.is_dir():
        return
    loose = [path.name for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        loose.append("secrets/")
    if loose:
        names = ", ".join(sorted(loose))
        todo = Words(
            f"执行 chmod -R u=rwX,go= {folder}，并考虑密钥是否已泄露",
            f"chmod -R u=rwX,go= {folder}, and consider who may have read them",
        )
        yield Finding("bad", name, Words(f"他人可读：{names}", f"others may read {names}"), todo)


def _disk(settings: Settings) -> Finding:
    name = Words("磁盘", "disk")
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    share = usage.free / (usage.used + usage.free)
    said = Words(f"数据目录所在盘剩余 {share:.0%}", f"{share:.0%} free where the data folder is")
    todo = Words(
        "清理或扩容；剩余不足一成时系统拒收（503），已收的不丢",
        "make room: below a tenth new events are refused (503); nothing accepted is lost",
    )
    if share < DISK_FREE_AT_LEAST:
        return Finding("bad", name, said, todo)
    return Finding("warn", name, said, todo) if share < DISK_SCARCE else Finding("ok", name, said)


# -- Kafka ------------------------------------------------------------------------------------------------


def _kafka(settings: Settings) -> list[Finding]:
    name = Words("Kafka", "topics")
    declared = [*topics_of(settings), changelog_of(settings)]
    try:
        missing, differences = asyncio.run(_topics(settings.kafka, declared))
    except (KafkaError, OSError, TimeoutError) as error:
        todo = Words(
            "检查 Kafka 是否运行、QINGFENG_KAFKA 是否正确；期间仍可接收，到积压上限为止",
            "does it run, is QINGFENG_KAFKA right? Events are accepted meanwhile, up to the backlog's limit",
        )
        said = Words("连接不上", f"cannot be reached ({type(error).__name__})")
        return [Finding("bad", name, said, todo)]
    found = []
    if missing:
        names = ", ".join(missing)
        todo = Words("服务启动时自动创建", "the services make them when they start")
        found.append(Finding("warn", name, Words(f"缺主题 {names}", f"missing: {names}"), todo))
    for difference in differences:
        todo = Words(
            "改回所声明的值，或换 QINGFENG_TOPIC_PREFIX 重建",
            "set it as declared, or begin anew under another QINGFENG_TOPIC_PREFIX",
        )
        found.append(Finding("bad", name, Words("与声明不符", difference), todo))
    if not found:
        said = Words(f"{len(declared)} 个主题与声明一致", f"all {len(declared)} are as declared")
        found.append(Finding("ok", name, said))
    return found


async def _topics(bootstrap: str, declared: list[topics.Topic]) -> tuple[list[str], list[str]]:
    async with asyncio.timeout(LOOK_SECONDS):
        return await topics.compare(bootstrap, declared)


def _told(finding: Finding) -> dict[str, Any]:
    words = {"name": finding.name, "said": finding.said, "todo": finding.todo}
    told = {name: text and {"zh": text.zh, "en": text.en} for name, text in words.items()}
    return {"state": finding.state, **told}
