"""What the server has stored, read from its database beside it."""
import contextlib, sqlite3, uuid


@contextlib.contextmanager
def reading(server):
    """A connection that can't change anything."""
    connection = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def changing(server):
    """A connection for a database that no server uses at the moment."""
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        yield connection
        connection.commit()


@contextlib.contextmanager
def locked(server, statement="BEGIN IMMEDIATE"):
    """Holds the database from outside of the server: against writers, or with `BEGIN EXCLUSIVE` against readers, too."""
    holder = sqlite3.connect(server.database, isolation_level=None, timeout=5)
    try:
        holder.execute(statement)
        yield
        holder.rollback()
    finally:
        holder.close()


def one(connection, query, *values):
    """The first row of an answer, or its only value."""
    row = connection.execute(query, values).fetchone()
    return row[0] if row and len(row) == 1 else row


def key(run):
    """The id of a run as the tables hold it."""
    return uuid.UUID(run).bytes


def requests_of(connection, run):
    """How many requests of a run the server recorded."""
    return one(connection, "SELECT count(*) FROM recorded_requests WHERE run = ?", key(run))


def users_of_runs(connection):
    """How many users there are that a run created."""
    return one(connection, "SELECT count(*) FROM users WHERE run IS NOT NULL")


def open_runs(connection):
    return one(connection, "SELECT count(*) FROM runs WHERE closed = 0")


def rows(server):
    """How many requests, roll-ups, runs and ledger rows are stored."""
    tables = ("recorded_requests", "rollups", "runs", "ledger")
    with reading(server) as connection:
        return {table: one(connection, f"SELECT count(*) FROM {table}") for table in tables}


def most_in_a_second(times):
    """The most of these sorted times, in seconds, that any one second holds."""
    first = most = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
