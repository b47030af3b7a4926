"""The database: server, clock, schema, keys, what waits."""

import asyncio
import time
from typing import Any

import asyncpg
from alembic.script import ScriptDirectory
from cryptography.exceptions import InvalidTag

from schemas.finding import Words
from services.alerts import status
from services.doctor.finding import LOOK_SECONDS, Finding
from services.ingest.custody import missing_keys
from services.ingest.pseudonyms import make_pseudonyms
from services.ingest.reader import is_foreign
from services.ingest.vault import make_vault
from services.runtime import database
from services.runtime.clock import system_clock
from services.runtime.errors import UserError, is_database_away
from services.settings import Settings

DATABASE = Words("数据库", "database")
REACH = Words(
    "检查数据库是否运行、QINGFENG_DATABASE_URL 是否正确、网络是否可达",
    "does it run, is QINGFENG_DATABASE_URL right, does the network let us through?",
)
CLOCK_WARN, CLOCK_BAD = 2.0, 30.0
"""Seconds between this clock and the database's. Webhooks' receivers refuse at 300, the door at 600."""
CONNECTIONS_SCARCE = 0.8
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


def examine_database(settings: Settings) -> list[Finding]:
    """The database, its schema, what is in it."""
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


async def _look(url: str, settings: Settings) -> list[Finding]:
    engine = database.open_engine(url)
    try:
        async with asyncio.timeout(LOOK_SECONDS), database.driver(engine) as raw:
            found = [*await _server(raw), await _clock(raw)]
            schema = await _schema(raw)
            found.append(schema)
            if schema.state == "ok":
                found += [*await _vault(raw, settings), *await _inbox(raw), *await _work(raw)]
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
    if row is None:
        return []
    name = Words("密钥与数据", "keys and data")
    todo = Words(
        "停止接收，恢复原来的 secrets/ 或密钥设置",
        "stop taking events; put back the secrets/ or the keys that belong to this database",
    )
    try:
        missing = missing_keys(settings)
    except UserError:
        return []  # said where the keys are looked at
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
        fits = identifier is not None and make_pseudonyms(settings).of(domain, identifier) == pseudonym
    if fits:
        return [Finding("ok", name, Words("相符", "fit"))]
    said = Words("现用密钥不是写入这些数据的密钥", "these are not the keys this data was written under")
    return [Finding("bad", name, said, todo)]


async def _inbox(raw: Any) -> list[Finding]:
    """Only after a restore is there anything to tell."""
    if not await is_foreign(raw):
        return []
    said = Words("从另一服务器恢复，读取次序待整理", "restored from another server, not yet in order")
    todo = Words("启动服务即可，启动时自动整理", "start the services: they put it in order first")
    return [Finding("warn", Words("收件箱", "inbox"), said, todo)]


async def _work(raw: Any) -> list[Finding]:
    name = Words("处理进度", "work")
    told = await status.read(raw, system_clock())
    lag, anew = status.waiting(told), told["rejudging"]
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
    if anew:
        share = anew["done"] / max(anew["total"], 1)
        said = Words(
            f"{said.zh}；按新名录重新判断，已完成 {share:.0%}",
            f"{said.en}; the past is judged anew by a changed registry, {share:.0%} is done",
        )
    if lag["seconds"] > LAG_SECONDS:
        todo = Words(
            "确认检测进程在运行；见 docs/runbooks/PipelineLagHigh.md",
            "does a detector run? see docs/runbooks/PipelineLagHigh.md",
        )
        return [*found, Finding("warn", name, said, todo)]
    return [*found, Finding("ok", name, said)]
