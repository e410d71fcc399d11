"""A database and a corner of the broker for one run of the benches, beside whatever else the servers hold."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from q2c_portal.local.children import manage
from q2c_portal.local.state_dir import ROOT

#: a broker's database nobody uses by default
BROKER_DATABASE = 9


@contextmanager
def own_place() -> Iterator[None]:
    """Create a database, migrate it, point DATABASE_URL and REDIS_URL to it, and drop it in the end.

    To be entered before anything reads the settings. Raises SystemExit where no servers are given.
    """
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        raise SystemExit("The benches need servers: `make bench` starts throw-away ones.")
    given = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL", "Q2C_DEMO", "ALLOWED_HOSTS")}
    name = f"q2c_bench_{os.getpid()}"
    # the demo's switches: plain http on loopback; not the tests' ones, which weaken passwords
    os.environ.update(Q2C_DEMO="1", ALLOWED_HOSTS="127.0.0.1,localhost,testserver")
    os.environ.setdefault("SECRET_KEY", f"only-for-one-run-of-the-benches-{os.urandom(24).hex()}")
    os.environ["DATABASE_URL"] = _with_path(given["DATABASE_URL"] or "", name)
    os.environ["REDIS_URL"] = _with_path(given["REDIS_URL"] or "", str(BROKER_DATABASE))
    maintenance = _with_path(given["DATABASE_URL"] or "", "postgres").replace("postgres://", "postgresql://", 1)
    with psycopg.connect(maintenance, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            subprocess.run(manage("migrate", "--verbosity", "0"), cwd=ROOT, check=True, stdout=sys.stderr)
            yield
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            for key, value in given.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


def _with_path(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
