-- What simulated requests replaced in a user, one row for each field, and the first value counts: it is put back when the run
-- is closed, unless a real client has set that field since. `value` is the text of it, also of a number.
CREATE TABLE replaced_values (
    user_id BLOB NOT NULL,
    field   TEXT NOT NULL,
    run     BLOB NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (user_id, field, run)
) WITHOUT ROWID;

-- Users that a run created and a real client has written to since: real users by that, which its closing counts.
CREATE TABLE kept_users (
    run     BLOB NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (run, user_id)
) WITHOUT ROWID;
