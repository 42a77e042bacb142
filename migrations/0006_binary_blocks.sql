-- The same blocks in less than half as many bytes: what recording under load costs is, in the end, the number of pages.

-- `entries` has 16 bytes for each request: key - first (4 bytes), duration (4), second half of the request's id (8), each with
-- the highest byte first.
CREATE TABLE binary_blocks (
    last    INTEGER NOT NULL PRIMARY KEY,
    first   INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    slowest INTEGER NOT NULL,
    entries BLOB    NOT NULL
);
INSERT INTO binary_blocks (last, first, kind, slowest, entries)
SELECT last, first, kind, slowest,
       (SELECT unhex(group_concat(printf('%08x%08x%016x', value ->> 0, value ->> 1, value ->> 2), ''))
        FROM json_each(entries))
FROM request_blocks
WHERE last - first < 1 << 32
ORDER BY last;

-- What came over too long a time for the four bytes. A key that is taken, which takes a thousand requests between the two to
-- happen, is no reason not to start.
INSERT OR IGNORE INTO requests (id, kind, duration, request_id_low)
SELECT first + (value ->> 0), kind, value ->> 1, value ->> 2
FROM request_blocks, json_each(entries)
WHERE last - first >= 1 << 32
ORDER BY 1;

DROP VIEW recorded;
DROP TABLE request_blocks;
ALTER TABLE binary_blocks RENAME TO request_blocks;

-- Every request, for those who look with SQL. Where a byte is among all bytes, from 1, says which one it is: SQLite knows
-- numbers in base 16 only since version 3.42, and only positive ones. `<<` and `|` bind alike, from left to right: each byte
-- goes behind those before it.
CREATE VIEW recorded AS
WITH RECURSIVE places (at, bytes) AS (
    VALUES (1, X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF')
    UNION ALL
    SELECT at + 16, bytes FROM places WHERE at < 31 * 16
)
SELECT id, kind, duration, request_id_high, request_id_low, run, seq FROM requests
UNION ALL
SELECT first +
       ((instr(bytes, substr(entries, at, 1)) - 1) << 8 |
        (instr(bytes, substr(entries, at + 1, 1)) - 1) << 8 |
        (instr(bytes, substr(entries, at + 2, 1)) - 1) << 8 |
        (instr(bytes, substr(entries, at + 3, 1)) - 1)),
       kind,
       (instr(bytes, substr(entries, at + 4, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 5, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 6, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 7, 1)) - 1),
       NULL,
       (instr(bytes, substr(entries, at + 8, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 9, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 10, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 11, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 12, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 13, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 14, 1)) - 1) << 8 |
       (instr(bytes, substr(entries, at + 15, 1)) - 1),
       NULL,
       NULL
FROM request_blocks CROSS JOIN places;
