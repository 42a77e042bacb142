-- Many requests of one kind in one row, because under load it is the number of rows and values that recording costs.
-- Requests that are simulated or few stay rows of their own, in `requests`.

-- `first` and `last` are the smallest and the largest key (as `requests.id`), `slowest` is the longest duration. `entries` is
-- JSON: [[key - first, duration, second half of the request's id], …].
CREATE TABLE request_blocks (
    last    INTEGER NOT NULL PRIMARY KEY,
    first   INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    slowest INTEGER NOT NULL,
    entries TEXT    NOT NULL
);

-- Every request, for those who look with SQL.
CREATE VIEW recorded AS
SELECT id, kind, duration, request_id_high, request_id_low, run, seq FROM requests
UNION ALL
SELECT first + (value ->> 0), kind, value ->> 1, NULL, value ->> 2, NULL, NULL FROM request_blocks, json_each(entries);
