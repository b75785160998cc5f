"""What all tables share: the declarative base, names of constraints, and column types that fit SQLite and PostgreSQL.

Times are Unix times in milliseconds. Digests and public keys are lower-case hex, so that they read the same in SQL
and in the API.
"""

from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

CONSTRAINT_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigKey = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself only for a primary key of type INTEGER, which holds 64 bits anyway."""

RowId = Annotated[int, mapped_column(BigKey, primary_key=True, autoincrement=True)]
Number64 = Annotated[int, mapped_column(BigInteger)]
Name = Annotated[str, mapped_column(String(32))]
Hex = Annotated[str, mapped_column(String(64))]


class Base(DeclarativeBase):
    """Base of all models."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {dict[str, Any]: JSON(none_as_null=True), list[Any]: JSON()}  # noqa: RUF012
