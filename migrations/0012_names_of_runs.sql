-- What a person calls a run, and what was noted about it; NULL where there is none. They stand beside the run's own JSON, so
-- that a run can be named at any time, also while it is active and stores its state.
ALTER TABLE runs ADD COLUMN name TEXT;
ALTER TABLE runs ADD COLUMN note TEXT;

-- The lines of the history say how many requests were answered, too.
UPDATE runs
SET summary = json_set(summary, '$.totalRequests', job ->> '$.stats.totalRequests')
WHERE json_valid(summary) AND json_valid(job);
