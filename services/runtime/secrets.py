"""Secrets: from a setting, else from a file in the data folder that only its owner may read.

The file is made on first use. Two processes that start together agree: the one that links first wins.
"""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from services.runtime.errors import UserError

SECRET_BYTES = 32
SETTING_AT_LEAST = 16


def secret(data_dir: Path, name: str, setting: str = "") -> bytes:
    """32 bytes for the purpose `name` (letters, digits, hyphen): derived from the setting when there is one,
    else kept in `data_dir/secrets/name`, mode 0600.

    Raises UserError when the setting is too short or the file cannot be read.
    """
    if setting:
        if len(setting) < SETTING_AT_LEAST:
            raise UserError(
                f"QINGFENG_{name.upper().replace('-', '_')}: at least {SETTING_AT_LEAST} characters"
            )
        return hashlib.sha256(f"{name}\0{setting}".encode()).digest()
    path = data_dir / "secrets" / name
    try:
        if not path.exists():
            _create(path)
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise UserError(f"secret {path}: {error}") from error


def existing_secret(data_dir: Path, name: str, setting: str = "") -> bytes | None:
    """As `secret`, but None where it would have to be made."""
    if setting or (data_dir / "secrets" / name).exists():
        return secret(data_dir, name, setting)
    return None


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
