"""What stands on this machine: settings, keys, disk."""

import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from schemas.finding import Words
from services.doctor.finding import Finding
from services.ingest.backlog import DISK_FREE_AT_LEAST
from services.ingest.custody import KEYS
from services.runtime.errors import UserError
from services.runtime.secrets import SETTING_AT_LEAST
from services.settings import PREFIX, Settings, SettingsError

SETTINGS = Words("设置", "settings")
MEND_SETTING = Words("按 .env.example 改正后再试", "mend it as .env.example says, and look again")
BESIDE = frozenset({"QINGFENG_TEST_KAFKA"})
"""Variables of ours that are no settings."""
DISK_SCARCE = 2 * DISK_FREE_AT_LEAST
VARIETY = 8
"""Different characters that a secret has at least; what people type for a trial has fewer."""


def refused(error: SettingsError | UserError) -> Finding:
    """A setting that cannot be read at all; its error begins with its name."""
    variable = str(error).partition(":")[0]
    return Finding("bad", SETTINGS, Words(f"{variable} 的值不能用", str(error)), MEND_SETTING)


def examine_settings(environment: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Names that are none of ours, what is for tests only, an address others can listen in on."""
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


def examine_keys(settings: Settings) -> Iterator[Finding]:
    """Whether they are there, hard to guess, different, and nobody else's to read."""
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


def examine_disk(settings: Settings) -> Finding:
    """Room where the data folder is, or will be."""
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
