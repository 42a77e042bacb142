-- One row per recorded request, in columns that a person can query. It replaces `requests`, `kinds` and the packed
-- `request_blocks`, whose content is carried over.

-- `id` is the answer's `x-request-id` and `run` the run that made the request, each as the 16 bytes of a UUID, as in the
-- other tables. `arrived_at` is in epoch microseconds, `origin` is 'real' or 'simulated'; `run` and `seq` are NULL for real
-- requests. Not unique by (run, seq), so that the audit can find a duplicate.
CREATE TABLE recorded_requests (
    id          BLOB    NOT NULL,
    arrived_at  INTEGER NOT NULL,
    method      TEXT    NOT NULL,
    route       TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    origin      TEXT    NOT NULL,
    run         BLOB,
    seq         INTEGER,
    PRIMARY KEY (arrived_at, id)
) WITHOUT ROWID;

-- A key of the old tables is the arrival times 1024, plus a number that tells requests of one microsecond apart. The first
-- half of a request's id was stored only where it is not the arrival itself: epoch milliseconds, the version, and the
-- fraction of the millisecond. Rows that have no id at all, as the first versions left them, get one made of their key.
INSERT OR IGNORE INTO recorded_requests (id, arrived_at, method, route, status, duration_us, origin, run, seq)
SELECT unhex(printf(
           '%016x%016x',
           ifnull(request_id_high, (arrived_at / 1000 << 16) | 0x7000 | (arrived_at % 1000 * 4096 / 1000)),
           ifnull(request_id_low, -9223372036854775807 - 1 + old.id % 1024)
       )),
       arrived_at,
       method,
       route,
       status,
       duration,
       iif(run IS NULL, 'real', 'simulated'),
       run,
       seq
FROM (SELECT *, id / 1024 AS arrived_at FROM recorded) AS old
JOIN kinds ON kinds.id = old.kind
ORDER BY arrived_at;

CREATE INDEX recorded_requests_id ON recorded_requests (id);
CREATE INDEX recorded_requests_run ON recorded_requests (run, seq) WHERE run IS NOT NULL;
-- For the newest simulated requests among many real ones, and for the newest real ones, and their number, among many
-- simulated ones.
CREATE INDEX recorded_requests_simulated ON recorded_requests (arrived_at) WHERE run IS NOT NULL;
CREATE INDEX recorded_requests_real ON recorded_requests (arrived_at) WHERE run IS NULL;

DROP VIEW recorded;
DROP TABLE request_blocks;
DROP TABLE requests;
DROP TABLE kinds;
