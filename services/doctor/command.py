"""The command itself: everything that can be looked at from here, a line each."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from services.alerts.webhooks.destinations import rules_from
from services.doctor.database import examine_database
from services.doctor.finding import Finding
from services.doctor.kafka import examine_kafka
from services.doctor.machine import examine_disk, examine_keys, examine_settings, refused
from services.runtime.errors import UserError
from services.settings import SettingsError, read_settings


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
        yield refused(error)
        return
    yield from examine_settings(environment, settings)
    yield from examine_keys(settings)
    yield examine_disk(settings)
    yield from examine_database(settings)
    if settings.kafka:
        yield from examine_kafka(settings)


def _told(finding: Finding) -> dict[str, Any]:
    words = {"name": finding.name, "said": finding.said, "todo": finding.todo}
    told = {name: text and {"zh": text.zh, "en": text.en} for name, text in words.items()}
    return {"state": finding.state, **told}
