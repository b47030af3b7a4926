"""The two keys that belong to the data: never made anew where data is that was written under others."""

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.database import driver
from services.runtime.errors import UserError
from services.runtime.secrets import existing_secret
from services.settings import Settings

KEYS = ("pseudonym-key", "vault-key")
HOLDS = "SELECT EXISTS (SELECT FROM vault)"


def missing_keys(settings: Settings) -> list[str]:
    """Those of `KEYS` that would have to be made. Raises UserError for one that cannot be used."""
    given = zip(KEYS, (settings.pseudonym_key, settings.vault_key), strict=True)
    return [key for key, setting in given if existing_secret(settings.data_dir, key, setting) is None]


async def refuse_new_keys(engine: AsyncEngine, settings: Settings) -> None:
    """Before a key is first used. Under a new one the persons of before would be strangers, and nobody would
    see it. Raises UserError where there is data and a key is missing."""
    missing = missing_keys(settings)
    if not missing:
        return
    async with driver(engine) as raw:
        if not await raw.fetchval(HOLDS):
            return
    files = ", ".join(str(settings.data_dir / "secrets" / key) for key in missing)
    raise UserError(
        f"the database holds data and {files} is missing: put it back, or set it, as it was when the data was"
        " written (docs/operate.md says what to do when it is lost)"
    )
