"""Migrations and sessions."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select

from fleet.database import Database
from fleet.errors import SetupError
from fleet.models import Base, Site


def test_migrations_lead_from_nothing_to_the_models(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fleet.sqlite'}"
    database = Database(url)
    database.migrate()
    database.migrate()
    database.close()
    with create_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_writers_wait_for_each_other(database: Database) -> None:
    def count_up() -> None:
        for _ in range(20):
            with database.write() as session:
                site = session.scalars(select(Site)).one()
                site.created += 1

    with database.write() as session:
        session.add(Site(name="counter", created=0))
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.scalars(select(Site.created)).one() == 80


def test_what_fails_is_not_kept(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.add(Site(name="lost", created=0))
        session.flush()
        raise ZeroDivisionError
    with database.read() as session:
        assert session.scalars(select(Site)).all() == []


def test_a_database_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="could not be brought up to date"):
        Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}").migrate()
    with pytest.raises(SetupError, match="cannot be used"):
        Database("nonsense")
