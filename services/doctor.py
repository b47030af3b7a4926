"""`qingfeng doctor`: looks at what a deployment stands on; one line each: how it stands, what to do.

It changes nothing and brings no schema up to date. It works while the system runs and while it does not; of
a private database it starts the server for as long as it looks.
"""

import asyncio
import json
import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
import typer
from aiokafka.errors import KafkaError
from alembic.script import ScriptDirectory
from cryptography.exceptions import InvalidTag

from schemas.finding import Words
from services.alerts import status
from services.alerts.webhooks.destinations import rules_from
from services.ingest.app import make_pseudonyms, make_vault
from services.ingest.backlog import DISK_FREE_AT_LEAST
from services.runtime import database
from services.runtime.clock import system_clock
from services.runtime.errors import UserError, is_database_away
from services.runtime.kafka import topics
from services.runtime.secrets import SETTING_AT_LEAST, existing_secret
from services.settings import PREFIX, Settings, SettingsError, read_settings
from services.topics import changelog_of, topics_of

State = Literal["ok", "warn", "bad"]
MARKS = {"ok": "✓", "warn": "!", "bad": "✗"}
BESIDE = frozenset({"QINGFENG_TEST_KAFKA"})
"""Variables of ours that are no settings."""
LOOK_SECONDS = 10.0
CLOCK_WARN, CLOCK_BAD = 2.0, 30.0
"""Seconds between this clock and the database's. Webhooks' receivers refuse at 300, the door at 600."""
DISK_SCARCE = 2 * DISK_FREE_AT_LEAST
CONNECTIONS_SCARCE = 0.8
VARIETY = 8
"""Different characters that a secret has at least; what people type for a trial has fewer."""
KEYS = ("pseudonym-key", "vault-key")
OLDEST_SERVER = 140_000
LAG_SECONDS = 300.0

VAULT_ROW = "SELECT domain, pseudonym FROM vault LIMIT 1"
SERVER = """
    SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
           pg_encoding_to_char(encoding) AS encoding, current_setting('max_connections')::int AS most,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS used
    FROM pg_database WHERE datname = current_database()
"""
REVISION = "SELECT version_num FROM alembic_version"
SUSPENDED = "SELECT count(*) FROM data_defect WHERE code = 'placeholder_person' AND open"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do where something is to be done."""

    state: State
    name: Words
    said: Words
    todo: Words | None = None

    @property
    def line(self) -> str:
        """As people read it."""
        text = f"{MARKS[self.state]} {self.name.zh} {self.name.en}: {self.said.zh} / {self.said.en}"
        return text if self.todo is None else f"{text} → {self.todo.zh} / {self.todo.en}"


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Check settings, keys, disk, database, clock, Kafka, what waits; exit status 1 if anything is wrong."""
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
    yield from _database(settings)
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


# -- the database -----------------------------------------------------------------------------------------

DATABASE = Words("数据库", "database")


def _database(settings: Settings) -> list[Finding]:
    if not settings.database_url:
        if settings.kafka:
            said = Words("此处未设；检测进程不需要", "none set here; a detector needs none")
            return [Finding("ok", DATABASE, said)]
        if not (settings.data_dir / "postgres" / "PG_VERSION").exists():
            said = Words(f"{settings.data_dir} 中还没有数据", f"no data in {settings.data_dir} yet")
            todo = Words("qingfeng up 会自动创建", "qingfeng up makes it")
            return [Finding("warn", DATABASE, said, todo)]
    try:
        with database.database_at(settings.database_url, settings.data_dir) as url:
            return asyncio.run(_look(url, settings))
    except UserError as error:
        return [Finding("bad", DATABASE, Words("无法使用", str(error)), REACH)]


REACH = Words(
    "检查数据库是否运行、QINGFENG_DATABASE_URL 是否正确、网络是否可达",
    "does it run, is QINGFENG_DATABASE_URL right, does the network let us through?",
)


async def _look(url: str, settings: Settings) -> list[Finding]:
    engine = database.open_engine(url)
    try:
        async with asyncio.timeout(LOOK_SECONDS), database.driver(engine) as raw:
            found = [*await _server(raw), await _clock(raw)]
            schema = await _schema(raw)
            found.append(schema)
            if schema.state == "ok":
                found += [*await _vault(raw, settings), *await _work(raw)]
            return found
    except Exception as error:
        if not is_database_away(error) and not isinstance(error, asyncpg.PostgresError):
            raise
        said = Words("连接不上", f"cannot be reached ({type(error).__name__})")
        return [Finding("bad", DATABASE, said, REACH)]
    finally:
        await engine.dispose()


async def _server(raw: Any) -> list[Finding]:
    row = await raw.fetchrow(SERVER)
    found = []
    if row["encoding"] != "UTF8":
        said = Words(f"编码为 {row['encoding']}", f"its encoding is {row['encoding']}")
        found.append(Finding("bad", DATABASE, said, Words("用 UTF8 重建", "make it anew in UTF8")))
    if row["used"] > CONNECTIONS_SCARCE * row["most"]:
        said = Words(f"连接 {row['used']}/{row['most']}", f"{row['used']} of {row['most']} connections")
        todo = Words("调高 max_connections", "raise max_connections")
        found.append(Finding("warn", DATABASE, said, todo))
    said = Words(f"PostgreSQL {row['version']}，可连接", f"PostgreSQL {row['version']} answers")
    if row["number"] < OLDEST_SERVER:
        todo = Words("升级到 14 以上", "upgrade it to 14 or newer")
        return [*found, Finding("bad", DATABASE, said, todo)]
    return [*found, Finding("ok", DATABASE, said)]


async def _clock(raw: Any) -> Finding:
    name = Words("时钟", "clock")
    before = time.time()
    there = (await raw.fetchval("SELECT clock_timestamp()")).timestamp()
    after = time.time()
    # The answer was made somewhere between the two: only what lies outside is a difference.
    off = max(there - after, before - there, 0.0)
    said = Words(f"与数据库相差 {off:.1f} 秒", f"{off:.1f} s between here and the database")
    todo = Words("校时（chrony、ntp）", "set the clocks (chrony, ntp)")
    if off > CLOCK_BAD:
        return Finding("bad", name, said, todo)
    return Finding("warn", name, said, todo) if off > CLOCK_WARN else Finding("ok", name, said)


async def _schema(raw: Any) -> Finding:
    name = Words("表结构", "schema")
    scripts = ScriptDirectory(str(database.MIGRATIONS))
    head = scripts.get_current_head()
    try:
        current = await raw.fetchval(REVISION)
    except asyncpg.UndefinedTableError:
        said = Words("空库", "the database is empty")
        return Finding("warn", name, said, Words("首次启动时建表", "the first start makes the tables"))
    if current == head:
        return Finding("ok", name, Words(f"{head} 为最新", f"{head} is current"))
    if current in {script.revision for script in scripts.walk_revisions()}:
        said = Words(f"{current} 落后于程序的 {head}", f"{current} is behind this program's {head}")
        todo = Words(
            "先备份，再执行 qingfeng database migrate（或重启服务）",
            "back up, then qingfeng database migrate (or restart the services)",
        )
        return Finding("bad", name, said, todo)
    said = Words(f"{current} 比程序新", f"{current} is newer than this program")
    return Finding("bad", name, said, Words("升级本机程序", "upgrade the program here"))


async def _vault(raw: Any, settings: Settings) -> list[Finding]:
    """Whether the keys are those that the data was written under: the first thing to know after a restore."""
    row = await raw.fetchrow(VAULT_ROW)
    secrets = (settings.pseudonym_key, settings.vault_key)
    if row is None:
        return []
    name = Words("密钥与数据", "keys and data")
    todo = Words(
        "停止接收，恢复原来的 secrets/ 或密钥设置",
        "stop taking events; put back the secrets/ or the keys that belong to this database",
    )
    kept = dict(zip(KEYS, secrets, strict=True))
    missing = [key for key, secret in kept.items() if existing_secret(settings.data_dir, key, secret) is None]
    if missing:
        names = ", ".join(missing)
        said = Words(f"库中有数据，但缺 {names}", f"there is data, and {names} is missing here")
        return [Finding("bad", name, said, todo)]
    domain, pseudonym = row
    try:
        identifier = await make_vault(settings).reveal(raw, domain, pseudonym)
    except InvalidTag:
        fits = False
    else:
        fits = make_pseudonyms(settings).of(domain, identifier or "") == pseudonym
    if fits:
        return [Finding("ok", name, Words("相符", "fit"))]
    said = Words("现用密钥不是写入这些数据的密钥", "these are not the keys this data was written under")
    return [Finding("bad", name, said, todo)]


async def _work(raw: Any) -> list[Finding]:
    name = Words("处理进度", "work")
    told = await status.read(raw, system_clock())
    lag = told["lag"]
    found = []
    if told["dead_letters"]:
        count = told["dead_letters"]
        said = Words(f"{count:,} 条搁置记录待处理", f"{count:,} dead letters wait")
        todo = Words("qingfeng dead-letters list", "see qingfeng dead-letters list")
        found.append(Finding("warn", name, said, todo))
    if suspended := await raw.fetchval(SUSPENDED):
        said = Words(f"{suspended:,} 个人员编号暂停判断", f"{suspended:,} person ids are suspended")
        found.append(Finding("warn", name, said, Words("qingfeng suspended", "see qingfeng suspended")))
    said = Words(
        f"已收 {told['accepted']:,}，待判断 {lag['events']:,}",
        f"{told['accepted']:,} accepted, {lag['events']:,} wait to be judged",
    )
    if lag["seconds"] > LAG_SECONDS:
        todo = Words(
            "确认检测进程在运行；见 docs/runbooks/PipelineLagHigh.md",
            "does a detector run? see docs/runbooks/PipelineLagHigh.md",
        )
        return [*found, Finding("warn", name, said, todo)]
    return [*found, Finding("ok", name, said)]


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
