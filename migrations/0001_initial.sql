-- Times are epoch milliseconds, durations microseconds, ids the 16 bytes of a UUIDv7.

CREATE TABLE users (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    -- Case-folded: two spellings of one address are one user.
    email_key  TEXT    NOT NULL CONSTRAINT users_email_key UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- The run that created the user, if one did; it is removed when that run is closed.
    run        BLOB
) WITHOUT ROWID;
CREATE INDEX users_run ON users (run) WHERE run IS NOT NULL;

-- What the server measured: one row per request to /api/v1. Not unique by (run, seq), so that the
-- books can find a duplicate.
CREATE TABLE requests (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    method   TEXT    NOT NULL,
    route    TEXT    NOT NULL,
    status   INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    run      BLOB,
    seq      INTEGER
);
CREATE INDEX requests_at ON requests (at);
CREATE INDEX requests_run ON requests (run, seq) WHERE run IS NOT NULL;

-- Every run of the generator. `job` is the JSON of the wire; the other columns are for queries.
CREATE TABLE runs (
    id         BLOB    NOT NULL PRIMARY KEY,
    status     TEXT    NOT NULL,
    closed     INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    job        TEXT    NOT NULL
) WITHOUT ROWID;
-- One active job at a time, whatever the program believes: active is what is not closed.
CREATE UNIQUE INDEX runs_one_active ON runs ((1)) WHERE closed = 0;

-- What the client measured: one row per request that left.
CREATE TABLE ledger (
    run     BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    call    TEXT    NOT NULL,
    wanted  INTEGER NOT NULL,
    due     INTEGER NOT NULL,
    sent    INTEGER NOT NULL,
    service INTEGER NOT NULL,
    fate    TEXT    NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
