-- Requests by minute: written with the rows themselves, kept when those are gone. `minute` is in minutes since the epoch,
-- `sum` in microseconds, `histogram` as in src/metrics/engine/histogram.rs.
CREATE TABLE rollups (
    minute    INTEGER NOT NULL,
    method    TEXT    NOT NULL,
    route     TEXT    NOT NULL,
    status    INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    requests  INTEGER NOT NULL,
    sum       INTEGER NOT NULL,
    histogram BLOB    NOT NULL,
    PRIMARY KEY (minute, method, route, status, simulated)
) WITHOUT ROWID;

-- A request's id says when it came in, and the index of times leads there.
DROP INDEX requests_request_id;
