-- What a list of runs needs is beside the run's own JSON, so that a list costs the same however large the runs are.
-- `summary` is the JSON of a line of the history; NULL where an older version stored the run, until the next start.
ALTER TABLE runs ADD COLUMN scenario TEXT;
ALTER TABLE runs ADD COLUMN summary TEXT;
UPDATE runs SET scenario = job ->> '$.scenario' WHERE json_valid(job);
CREATE INDEX runs_scenario ON runs (scenario, id);

-- What client and server said about a run, stored at its closing: the recorded requests are not kept as long as the run.
-- JSON, as in src/traffic/engine/findings.rs; NULL where it was never stored.
ALTER TABLE runs ADD COLUMN findings TEXT;
