"""Tryton for the demo and the tests: its own virtual environment, its own database, its own processes.

It is GPL software. It is started and spoken to over the network; nothing of it is ever imported here.
"""

import datetime
import json
import os
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import babel
import psycopg
from psycopg import sql

from q2c_portal.local import ports
from q2c_portal.local.children import Child, Tier
from q2c_portal.local.ports import LOOPBACK
from q2c_portal.local.readiness import answers_http
from q2c_portal.local.state_dir import ROOT, StateDir, one_at_a_time, read_json, write_json

ENVIRONMENT = ROOT / ".venvs" / "tryton"
REQUIREMENTS = ROOT / "requirements-tryton.txt"
DATABASE = "tryton"
#: never connected to, so that it can be copied in a fraction of a second
TEMPLATE = "tryton_template"
MODULES = ("party", "company", "currency", "product", "account", "account_product", "account_invoice")
COMPANY, CURRENCY = "Portal demonstration company", "USD"
#: login, secret's name, what it may do
WRITER, READER = "q2c", "q2c_controls"

#: two-letter codes of Unicode's territories that ISO 3166-1 does not have as countries
NO_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())

Item = tuple[str, str]
#: code and name of the items invoices may name
ITEMS: tuple[Item, ...] = (
    ("SUBSCRIPTION", "Subscription"),
    ("USAGE", "Metered usage"),
    ("SERVICES", "Professional services"),
)


class CannotPrepareError(Exception):
    """Tryton cannot be set up; the message says at which step and with what words."""


def prepare(
    state_dir: Path,
    *,
    database_url: str,
    items: Sequence[Item] = ITEMS,
    template: str = TEMPLATE,
    database: str = DATABASE,
) -> None:
    """Make environment, template database and database where they are missing; quick when all is there.

    `database_url` is an administrator's address on the server. Raises CannotPrepareError.
    """
    room = _room(state_dir)
    install()
    wanted = {"items": [list(item) for item in items], "years": _years()}
    with psycopg.connect(database_url, autocommit=True) as server:
        if not _exists(server, template):
            building = f"{template}_building"
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(building)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            _fill(state_dir, database_url=database_url, database=building)
            _set_up_company(state_dir, database_url=database_url, database=building, items=items)
            # Renamed when whole: half a template must never be taken for one.
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(template))
            )
            write_json(room / f"{template}.json", wanted)
        if not _exists(server, database):
            copy(database_url, source=template, database=database)
            write_json(room / f"{database}.json", read_json(room / f"{template}.json"))
    if read_json(room / f"{database}.json") != wanted:
        _set_up_company(state_dir, database_url=database_url, database=database, items=items)
        write_json(room / f"{database}.json", wanted)


def copy(database_url: str, *, database: str, source: str = TEMPLATE) -> None:
    """A new database with everything the template has."""
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(source))
        )


def install() -> None:
    """Make the virtual environment once; needs a package index. Raises CannotPrepareError."""
    mark = ENVIRONMENT / "complete"
    wanted = REQUIREMENTS.read_text()
    with one_at_a_time(ENVIRONMENT.parent / "tryton.lock"):
        if mark.exists() and mark.read_text() == wanted:
            return
        venv.create(ENVIRONMENT, with_pip=True, clear=False)
        command = [str(_program("python")), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)]
        _run(command, step="install Tryton")
        mark.write_text(wanted)


def children(state_dir: Path, *, database_url: str = "", items: Sequence[Item] = ITEMS) -> list[Child]:
    """Tryton's server and its queue worker as supervised processes; the first start prepares everything.

    Without `database_url` it is the one in the environment, else the one of the run that is starting.
    """
    state = StateDir(state_dir)
    port = port_of(state_dir)

    def make_ready() -> None:
        address = database_url or os.environ.get("DATABASE_URL") or read_json(state.addresses).get("DATABASE_URL", "")
        if not address:
            raise CannotPrepareError("Tryton needs DATABASE_URL: the address of the PostgreSQL server")
        prepare(state_dir, database_url=address, items=items)
        write_config(state_dir, database_url=address)

    server, worker = commands(state_dir)
    return [
        Child(
            name="tryton",
            command=server,
            tier=Tier.SANDBOXES,
            ready=lambda: answers_http(f"http://{LOOPBACK}:{port}/"),
            prepare=make_ready,
        ),
        # It makes a fully paid invoice `paid` and prints invoices, after the call that caused it.
        Child(name="tryton-worker", command=worker, tier=Tier.SANDBOXES),
    ]


def commands(state_dir: Path, *, database: str = DATABASE) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Command lines of the server and of the queue worker."""
    where = ("-c", str(config_path(state_dir)), "-d", database)
    return (
        (str(_program("trytond")), *where),
        (str(_program("trytond-worker")), *where, "-n", "1"),
    )


def environment(state_dir: Path) -> dict[str, str]:
    """Where the running Tryton is found."""
    return {"TRYTON_URL": f"http://{LOOPBACK}:{port_of(state_dir)}", "TRYTON_DATABASE": DATABASE}


def connection_secrets(state_dir: Path) -> dict[str, str]:
    """The secrets of a connection to it: one user who may write, one who may only read."""
    state = StateDir(state_dir)
    return {
        "user": WRITER,
        "password": state.secret("tryton_password"),
        "read_user": READER,
        "read_password": state.secret("tryton_read_password"),
    }


def connection_settings(*, database: str = DATABASE) -> dict[str, str]:
    """The settings of a connection to it."""
    return {"database": database, "clearing_account": "1.1.9", "payment_journal": "PAY", "tax_account": "6.3.6"}


def port_of(state_dir: Path) -> int:
    """The loopback port of this state directory's Tryton, the same at every start where possible."""
    return int(read_json(_room(state_dir) / "port.json").get("port") or _choose_port(state_dir))


def config_path(state_dir: Path) -> Path:
    return _room(state_dir) / "trytond.conf"


def write_config(state_dir: Path, *, database_url: str) -> Path:
    """Write trytond's configuration, readable by its owner only."""
    path = config_path(state_dir)
    lines = (
        "[database]",
        f"uri = {_server_uri(database_url)}",
        "list = False",
        "[web]",
        f"listen = {LOOPBACK}:{port_of(state_dir)}",
        "[queue]",
        "worker = True",
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _fill(state_dir: Path, *, database_url: str, database: str) -> None:
    """Create Tryton's tables and its administrator."""
    config = write_config(state_dir, database_url=database_url)
    state = StateDir(state_dir)
    state.secret("tryton_admin_password")
    _run(
        [
            *(str(_program("trytond-admin")), "-c", str(config), "-d", database, "--administrator"),
            *("-u", *MODULES, "--activate-dependencies", "--no-indexes"),
        ],
        step="create Tryton's tables",
        stdin="\n",  # it asks for the administrator's mail address: none
        extra={"TRYTONPASSFILE": str(state.path / "tryton_admin_password")},
    )


def _set_up_company(state_dir: Path, *, database_url: str, database: str, items: Sequence[Item]) -> None:
    config = write_config(state_dir, database_url=database_url)
    secrets = connection_secrets(state_dir)
    wanted = {
        "uri": _server_uri(database_url, database=database),
        "config": str(config),
        "company": COMPANY,
        "currency": CURRENCY,
        "years": _years(),
        "countries": _countries(),
        "items": [{"code": code, "name": name} for code, name in items],
        "users": [
            {"login": WRITER, "name": "Portal", "password": secrets["password"], "writes": True},
            {"login": READER, "name": "Portal's controls", "password": secrets["read_password"], "writes": False},
        ],
    }
    script = Path(__file__).with_name("tryton_company.py")
    _run(
        # isolated (-I): none of our packages reach Tryton's process
        [str(_program("python")), "-I", str(script)],
        step="set up the company",
        stdin=json.dumps(wanted),
        # chooses the back-end already while its modules are imported
        extra={"TRYTOND_DATABASE_URI": _server_uri(database_url)},
    )


def _run(command: list[str], *, step: str, stdin: str = "", extra: dict[str, str] | None = None) -> None:
    made = subprocess.run(
        command, input=stdin, env={**os.environ, **(extra or {})}, capture_output=True, text=True, check=False
    )
    if made.returncode:
        last = "\n".join((made.stderr or made.stdout).strip().splitlines()[-8:])
        raise CannotPrepareError(f"Could not {step}: {last}")


def _server_uri(database_url: str, *, database: str = "") -> str:
    parts = urlsplit(database_url)
    return urlunsplit(("postgresql", parts.netloc, f"/{database}", parts.query, ""))


def _years() -> list[int]:
    """The calendar years with periods: the previous, this and the next."""
    this = datetime.date.today().year
    return [this - 1, this, this + 1]


def _countries() -> dict[str, str]:
    """ISO 3166-1 codes and English names: a new Tryton knows no country, and customers have one."""
    names = babel.Locale("en").territories
    return {code: str(names[code]) for code in sorted(names) if len(code) == 2 and code not in NO_COUNTRIES}


def _exists(server: psycopg.Connection, database: str) -> bool:
    return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is not None


def _program(name: str) -> Path:
    return ENVIRONMENT / "bin" / name


def _room(state_dir: Path) -> Path:
    room = Path(state_dir) / "tryton"
    room.mkdir(parents=True, exist_ok=True)
    return room


def _choose_port(state_dir: Path) -> int:
    port = ports.find_free(avoid=set())
    write_json(_room(state_dir) / "port.json", {"port": port})
    return port
