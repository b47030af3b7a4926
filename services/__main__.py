"""The `qingfeng` command: settings → runtime → one service or all.

Exit status 0 = done, 2 = wrong usage or bad input with one clear line on standard error.
"""

import asyncio
import contextlib
import functools
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from services.runtime import logs, vitals
from services.runtime.alone import alone_in
from services.runtime.collector import calm_the_collector
from services.runtime.errors import UserError, is_database_away
from services.runtime.tracing import tracing
from services.settings import Settings, SettingsError, read_settings

STOP_SECONDS = 5
UNREAD_MILLISECONDS = 60_000
"""A connection whose other end takes nothing for so long is closed by the system, where it can do that."""
USAGE_ERROR: Any = typer.BadParameter.__base__
"""What a wrong command line raises; Typer shows no name of it."""
app = typer.Typer(
    name="qingfeng",
    help="Sees medical-insurance fund leaks as they happen: settlements in, explained warnings out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to serve on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on (8000).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where all data lies (.qingfeng).")] = None,
    demo: Annotated[bool, typer.Option(help="Play the demo county in a new data folder.")] = False,
) -> None:
    """The whole system in one process on one port."""
    settings = read_settings(host=host, port=port, data_dir=data_dir)
    listening = _listen(settings)
    _configure(settings, "up")
    with alone_in(settings.data_dir):
        _run(_up(settings, listening, demo))


@app.command("ingest")
def ingest_service() -> None:
    """The door alone: HTTP in, the inbox, the relay to Kafka."""
    settings = read_settings()
    _configure(settings, "ingest")
    _needs_database(settings)
    _needs_kafka(settings)
    _run(_ingest(settings, _listen(settings)))


@app.command("detector")
def detector_service() -> None:
    """A detector worker: as many as there are partitions may run, each with a folder of its own."""
    settings = read_settings()
    _configure(settings, "detector")
    _needs_kafka(settings)
    _run(_detector(settings))


@app.command("alerts")
def alerts_service() -> None:
    """Alerts alone: stored from Kafka, the API, the console, webhooks."""
    settings = read_settings()
    _configure(settings, "alerts")
    _needs_kafka(settings)
    _needs_database(settings)
    _run(_alerts(settings, _listen(settings)))


async def _up(settings: Settings, listening: socket.socket, demo: bool) -> None:
    from services import playing
    from services.assembly import embedded_system

    async with embedded_system(settings) as system:
        url = f"http://{settings.host}:{settings.port}"
        made = await playing.prepare(settings, system.engine) if demo else None
        if made is not None:
            system.begin_with(lambda: playing.play_county(settings, system.engine, system.ingest))
            typer.echo(playing.greeting(url, made))
        else:
            typer.echo(f"Qingfeng serves on {url}")
        await _serve(system.app, listening, settings)


async def _ingest(settings: Settings, listening: socket.socket) -> None:
    from services.distributed import ingest_app
    from services.ingest.custody import refuse_new_keys
    from services.ingest.reader import settle_after_restore
    from services.runtime.database import migrate, open_engine

    engine = open_engine(settings.database_url)
    try:
        await migrate(engine)
        await settle_after_restore(engine)
        await refuse_new_keys(engine, settings)
        await _serve(ingest_app(settings, engine), listening, settings)
    finally:
        await engine.dispose()


async def _detector(settings: Settings) -> None:
    from services.detecting import serve_detector

    calm_the_collector()
    listening = _listen(settings, settings.metrics_port) if settings.metrics_port else None
    await serve_detector(settings, lambda asgi: _serve(asgi, listening, settings) if listening else None)


async def _alerts(settings: Settings, listening: socket.socket) -> None:
    from services.distributed import alerts_app
    from services.runtime.database import migrate, open_engine

    engine = open_engine(settings.database_url)
    try:
        await migrate(engine)
        await _serve(alerts_app(settings, engine), listening, settings)
    finally:
        await engine.dispose()


async def _serve(asgi: Any, listening: socket.socket, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; open requests get five seconds to end."""
    import uvicorn

    from services.runtime.serving import Server

    config = uvicorn.Config(
        asgi,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_SECONDS,
        # Whose word on the client's address and on https counts; anybody else's X-Forwarded-* is ignored.
        forwarded_allow_ips=settings.trusted_proxies,
    )
    calm_the_collector()
    server = Server(config)
    # uvicorn sends itself the signal again once it has stopped; a clean end is no interruption.
    server.capture_signals = _captured(server)  # type: ignore[method-assign]
    watching = asyncio.create_task(vitals.watch_loop())
    try:
        await server.serve(sockets=[listening])
    finally:
        watching.cancel()


def _captured(server: Any) -> Any:
    @contextlib.contextmanager
    def capture() -> Any:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.handle_exit, number, None)
        yield

    return capture


def _listen(settings: Settings, port: int | None = None) -> socket.socket:
    port = settings.port if port is None else port
    listening = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    try:
        listening.bind((settings.host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot serve on {settings.host}:{port}: {reason}") from error
    return listening


def _needs_database(settings: Settings) -> None:
    if not settings.database_url:
        raise UserError(
            "QINGFENG_DATABASE_URL: needed by a service that runs alone (postgresql://user@host/name)"
        )


def _needs_kafka(settings: Settings) -> None:
    if not settings.kafka:
        raise UserError("QINGFENG_KAFKA: needed by a service that runs alone (host:port)")


def _configure(settings: Settings, service: str) -> None:
    logs.configure(settings.log_level, settings.log_format)
    if settings.otlp_endpoint:
        system = "kafka" if settings.kafka else "postgresql"
        tracing.begin(settings.otlp_endpoint, f"qingfeng-{service}", system, settings.trace_ratio)


def _run(work: Any) -> None:
    import uvloop

    try:
        uvloop.run(work)
    finally:
        tracing.end()


def _keys() -> None:
    from services.ingest.commands import keys_commands

    app.add_typer(keys_commands(), name="keys")


def _registry() -> None:
    from services.ingest.commands import registry_commands

    app.add_typer(registry_commands(), name="registry")


def _import() -> None:
    from services.ingest.commands import import_history

    app.command("import")(import_history)


def _users() -> None:
    from services.alerts.commands import users_commands

    app.add_typer(users_commands(), name="users")


def _rules() -> None:
    from services.detector.commands import rules_commands
    from services.parameters import judge_anew, known_parameters, load_parameters

    app.add_typer(rules_commands(known_parameters, load_parameters, judge_anew), name="rules")


def _dead_letters() -> None:
    from services.alerts.commands import dead_letters_commands
    from services.retrying import resubmit

    app.add_typer(dead_letters_commands(resubmit), name="dead-letters")


def _suspended() -> None:
    from services.alerts.commands import suspended_commands
    from services.retrying import judge_again

    app.add_typer(suspended_commands(judge_again), name="suspended")


def _data_defects() -> None:
    from services.alerts.commands import data_defects

    app.command("data-defects")(data_defects)


def _database() -> None:
    from services.database_commands import database_commands

    app.add_typer(database_commands(), name="database")


def _replay() -> None:
    from services.commands import replay

    app.command("replay")(replay)


def _demo() -> None:
    from services.commands import demo

    app.command("demo")(demo)


def _doctor() -> None:
    from services.doctor.command import doctor

    app.command("doctor")(doctor)


LATER: dict[str, tuple[Callable[[], None], str]] = {
    "doctor": (
        _doctor,
        "Check settings, keys, disk, database, clock, Kafka, what waits; exit status 1 if anything is wrong.",
    ),
    "keys": (_keys, "Institutions' keys for POST /v1/events."),
    "users": (_users, "People who read alerts."),
    "registry": (_registry, "Institutions, persons, limits, prices: docs/registry.md."),
    "import": (
        _import,
        "Bring history in through the inbox: in time order, resumable, judged whatever its age.",
    ),
    "rules": (_rules, "The catalogue of rules, and their parameters."),
    "replay": (_replay, "History through the very same judgement, with no server and no database."),
    "data-defects": (
        _data_defects,
        "What institutions sent that contradicts itself, by institution and field: where to mend a feed.",
    ),
    "suspended": (_suspended, "Person ids that stand for many and are not judged."),
    "dead-letters": (_dead_letters, "Entries that could not be judged."),
    "database": (_database, "Back up, restore and upgrade the database."),
    "demo": (_demo, "Write the demo county: events, registry files, labels; or score the judge on it."),
}
"""Commands whose modules are imported when they are called, and what the list of commands says of them."""


@functools.cache
def register_all() -> None:
    """Every command with its modules, as programs that look at all of them need it."""
    for add, _ in LATER.values():
        add()


def _register(arguments: Sequence[str]) -> None:
    """The command that is called; where none is, all of them by their names."""
    called = next((one for one in arguments if not one.startswith("-")), None)
    if called in LATER:
        LATER[called][0]()
        return
    for name, (_, told) in LATER.items():
        app.command(name, help=told)(lambda: None)


def main() -> None:
    """Entry point: a user's mistake is one line on standard error and exit status 2."""
    try:
        _register(sys.argv[1:])
        sys.exit(app(standalone_mode=False) or 0)
    except (UserError, SettingsError) as error:
        _give_up(str(error))
    except USAGE_ERROR as error:
        if message := error.format_message():
            _give_up(" ".join(message.split()))
        # No command was named: the help is the answer.
        error.show()
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if not is_database_away(error):
            raise
        _give_up("the database cannot be reached (QINGFENG_DATABASE_URL)")


def _give_up(line: str) -> None:
    print(f"qingfeng: {line}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
