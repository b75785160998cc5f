"""The database: engine, sessions, and bringing the schema up to date.

Reads and writes take different sessions. On SQLite a write begins with `BEGIN IMMEDIATE`, so that two writers wait
for each other instead of failing in the middle of a transaction.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from fleet.errors import SetupError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000
_WRITES = "petiole_writes"

log = logging.getLogger(__name__)


class Database:
    """Sessions on one database. Usable from any thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            self._engine = _make_engine(url)
        except (SQLAlchemyError, ImportError) as error:
            raise SetupError(f"database {url!r} cannot be used: {error}") from error
        self._writer = self._engine.execution_options(**{_WRITES: True})

    def migrate(self) -> None:
        """Brings the schema to the newest version; SetupError when that fails."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        try:
            with self._writer.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise SetupError(f"the database could not be brought up to date: {error}") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only looks; nothing done in it is kept."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at its end, or keeps nothing when an error leaves it."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


def _make_engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
