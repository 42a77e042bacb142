-- How many requests of a minute were answered and not recorded, because the database could not take their rows in time.
-- `minute` is in minutes since the epoch. Kept as long as the roll-ups.
CREATE TABLE lost_requests (
    minute   INTEGER NOT NULL PRIMARY KEY,
    requests INTEGER NOT NULL
);
