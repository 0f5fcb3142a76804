"""Read the rows that a query selects from a SQL database."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from fairrun.data.addresses import masked, scheme_of, with_environment
from fairrun.data.read_options import ReadOptions
from fairrun.data.source_table import SourceTable
from fairrun.data.table_files import as_source_table
from fairrun.documents import searched
from fairrun.errors import RequestError

__all__ = ["is_database", "read_database"]

_DIALECTS = (
    *("sqlite", "postgresql", "postgres", "mysql", "mariadb", "oracle", "mssql", "duckdb"),
    *("snowflake", "redshift", "trino", "clickhouse", "databricks", "bigquery", "awsathena"),
    *("presto", "hive", "impala", "cockroachdb", "firebird", "db2", "hana", "teradatasql"),
    *("vertica", "exa", "druid", "crate"),
)
_EXAMPLE = 'read={"query": "SELECT * FROM people ORDER BY id"}'
_NOT_STATEMENTS = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)


def is_database(source: str) -> bool:
    """Return whether a source is the URL of a SQL database.

    Examples
    --------
    >>> is_database("sqlite:///people.db"), is_database("postgresql+psycopg://db/people")
    (True, True)
    >>> is_database("people.db"), is_database("s3://bucket/people.csv")
    (False, False)
    """
    return scheme_of(source).partition("+")[0] in _DIALECTS


def read_database(source: str, read: ReadOptions) -> SourceTable:
    """Read the rows that `read.query` selects, with the types that the database gives them.

    Nothing is ever written: the query must be a SELECT, and its transaction is rolled back.

    Parameters
    ----------
    source : str
        The URL, as SQLAlchemy reads it.
    read : ReadOptions
        The query.

    Returns
    -------
    SourceTable
        The rows. A note says if their order is not fixed.

    Raises
    ------
    RequestError
        If the database cannot be reached, or the query is not valid. The message has no row.
    """
    import sqlalchemy
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    shown = masked(source)
    query = _checked(read.query, shown)
    url = _url(source, shown)
    try:
        _check_sqlite(url, shown)
        # No pool: the connection is closed when the rows are read.
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
        with engine.connect() as connection:
            if url.get_backend_name() == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            # Without this option a driver may read % in the query as the place of a parameter.
            result = connection.execution_options(no_parameters=True).exec_driver_sql(query)
            names, rows = list(result.keys()), [tuple(row) for row in result]
            connection.rollback()
    except ImportError as error:
        raise RequestError(
            f"data={shown} needs the package {error.name}, which is not installed; "
            "install it, or write the name of an installed driver, such as postgresql+psycopg://"
        ) from error
    except NoSuchModuleError as error:
        raise RequestError(
            f"data={shown} is a kind of database that SQLAlchemy has no dialect for; "
            "install its dialect with pip, or give a file"
        ) from error
    except SQLAlchemyError as error:
        said = _problem(error, shown)
        raise RequestError(said.replace(str(url.password), "***") if url.password else said) from (
            error
        )
    # Decimal becomes float, as a number of any other source.
    frame = pd.DataFrame.from_records(rows, columns=range(len(names)), coerce_float=True)
    frame.columns = pd.Index(names, dtype=object)
    table = as_source_table(frame)
    if re.search(r"\border\s+by\b", _NOT_STATEMENTS.sub(" ", query), re.IGNORECASE):
        return table
    note = (
        "The query has no ORDER BY, so the database may give the rows in another order next time. "
        "The splits would then differ, and their digests are refused."
    )
    return SourceTable(table.frame, table.written, (*table.notes, note))


def _checked(query: str | None, shown: str) -> str:
    if query is None:
        raise RequestError(
            f"data={shown} is a database; say which rows to read, such as {_EXAMPLE}"
        )
    words = _NOT_STATEMENTS.sub(" ", query).strip().rstrip(";").strip()
    if not re.match(r"(select|with)\b", words, re.IGNORECASE) or ";" in words:
        raise RequestError(
            "read.query is not one SELECT statement; give a statement that starts with SELECT or "
            "WITH, and no second statement"
        )
    return query


def _url(source: str, shown: str) -> Any:
    import sqlalchemy

    try:
        return sqlalchemy.make_url(with_environment(source))
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(
            f"data={shown} is not a URL of a database; give one such as sqlite:///people.db"
        ) from error


def _check_sqlite(url: Any, shown: str) -> None:
    """Refuse a file that is not there, because SQLite would make an empty database."""
    name = url.database
    if url.get_backend_name() != "sqlite" or name is None or name.startswith("file:"):
        return
    path = Path(name)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        raise RequestError(
            f"data={shown} is not a file; give the path of a SQLite database, with three slashes "
            f"for a relative path and four for an absolute one{searched(path)}"
        )


def _problem(error: Exception, shown: str) -> str:
    from sqlalchemy.exc import OperationalError, ProgrammingError

    said = type(error).__name__
    # Errors of other classes are about values, and their text may contain one.
    if isinstance(error, OperationalError | ProgrammingError) and error.orig is not None:
        first = (str(error.orig).strip().splitlines() or [said])[0]
        said = first if len(first) <= 200 else f"{first[:200]}…"
    return f"the query cannot be run on data={shown} ({said}); correct read.query or the address"
