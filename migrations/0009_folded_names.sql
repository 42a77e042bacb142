-- The name as the search compares it: case-folded and composed (NFC), as `email_key` is from here on. SQLite can do neither:
-- the program fills both in at its start, for every user as long as there is one without a folded name.
ALTER TABLE users ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
