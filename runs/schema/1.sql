-- The store of lastmile, version 1. Every table and column is explained here;
-- README.md beside this folder shows queries. Version 1 was not released yet,
-- so that this file may still be changed.
--
-- Three ideas carry it:
--   * a RUN is one complete configuration, named by its hash;
--   * a STAGE is one computation (training, decoding, scoring, ...), named by
--     its key; several runs may share it, and run_stages says which do;
--   * a SWEEP lists runs under labels. Runs of one label that differ by their
--     seed alone are repetitions of one system.
-- Integer ids are private to one file: an ingest in another order gives
-- others. Names (sweeps.name, runs.name, stages.key, examples.name) are the
-- same everywhere.

-- A sweep file that was run.
CREATE TABLE sweeps (
  id     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,          -- the sweep's name
  file   TEXT NOT NULL,                 -- the path that it was read from
  report TEXT NOT NULL DEFAULT '{}'     -- its section [report], as JSON
         CHECK (json_valid(report))
) STRICT;

-- One complete configuration, and how far it got.
CREATE TABLE runs (
  id     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,          -- the hash of the configuration
  seed   INTEGER NOT NULL,
  config TEXT NOT NULL                  -- the whole configuration, as JSON
         CHECK (json_valid(config)),
  status TEXT NOT NULL DEFAULT 'planned'
         CHECK (status IN ('planned', 'done', 'failed')),
  reason TEXT NOT NULL DEFAULT ''       -- why it failed
         CHECK ((status = 'failed') = (reason <> ''))
) STRICT;

-- The same configuration, one setting a row: key 'rl.kl.coefficient', value
-- '0.1'. Lists are JSON text, strings are without quotes.
CREATE VIEW run_settings AS
SELECT r.id AS run, replace(substr(t.fullkey, 3), '"', '') AS key,
       CASE t.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null'
       ELSE CAST(t.value AS TEXT) END AS value
FROM runs r JOIN json_tree(r.config) t
WHERE t.type <> 'object' AND typeof(t.key) = 'text' AND instr(t.path, '[') = 0;

-- Which runs a sweep lists, in the order of its file.
CREATE TABLE sweep_runs (
  sweep    INTEGER NOT NULL REFERENCES sweeps ON DELETE CASCADE,
  run      INTEGER NOT NULL REFERENCES runs,
  label    TEXT NOT NULL,               -- what reports call it: variant and axes, without the seed
  variant  TEXT NOT NULL,               -- the name of its [[variant]], or ''
  axes     TEXT NOT NULL DEFAULT '{}'   -- its values on the axes of [grid], as JSON
           CHECK (json_valid(axes)),
  seed     INTEGER NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (sweep, label, seed)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_runs_by_run ON sweep_runs (run);
CREATE INDEX sweep_runs_by_position ON sweep_runs (sweep, position);
CREATE INDEX sweep_runs_by_label ON sweep_runs (label, sweep);
CREATE INDEX sweep_runs_by_variant ON sweep_runs (variant, sweep);

-- One computation.
CREATE TABLE stages (
  id                INTEGER PRIMARY KEY,
  key               TEXT NOT NULL UNIQUE,     -- the hash of part, version and the keys of its inputs
  kind              TEXT NOT NULL,            -- prepare, base, mle, decode, score, ...
  part              TEXT NOT NULL DEFAULT '{}'-- its part of the configuration, as JSON
                    CHECK (json_valid(part)),
  version           INTEGER NOT NULL,         -- of the code that computed it
  started           TEXT NOT NULL,            -- RFC 3339, UTC
  seconds           REAL NOT NULL,            -- wall-clock time, all attempts together
  tokens            INTEGER NOT NULL,         -- tokens trained on or decoded; 0 where none are
  peak_memory_bytes INTEGER NOT NULL,         -- largest resident size of the process
  threads           INTEGER NOT NULL,
  task              INTEGER REFERENCES stages,-- the stage that made the examples which its outputs or scores
                                              -- are of; NULL where it has neither
  split             TEXT NOT NULL DEFAULT '', -- and which of them: train, dev or test
  form              TEXT NOT NULL DEFAULT ''  -- of its outputs: as they came, or post-processed
                    CHECK (form IN ('', 'raw', 'post'))
) STRICT;

-- Which stages a run is made of.
CREATE TABLE run_stages (
  run   INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  kind  TEXT NOT NULL,                  -- stages.kind
  role  TEXT NOT NULL DEFAULT '',       -- the name of the decoding, for a stage with outputs or scores
  stage INTEGER NOT NULL REFERENCES stages,
  PRIMARY KEY (run, kind, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_stages_by_stage ON run_stages (stage);

-- Training curves.
CREATE TABLE curves (
  stage INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  name  TEXT NOT NULL,                  -- loss, reward, kl, ...
  split TEXT NOT NULL,                  -- train or dev
  step  INTEGER NOT NULL,               -- optimizer steps; updates for on-policy algorithms
  value REAL NOT NULL,
  PRIMARY KEY (stage, name, split, step)
) STRICT, WITHOUT ROWID;

-- The examples of a task, in the order of its files.
CREATE TABLE examples (
  id           INTEGER PRIMARY KEY,
  stage        INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE, -- the stage that made them
  split        TEXT NOT NULL,           -- train, dev or test
  position     INTEGER NOT NULL,        -- its place in the split, from 0
  name         TEXT NOT NULL,           -- the example's own id
  input        TEXT NOT NULL,
  "references" TEXT NOT NULL            -- a JSON list of strings
               CHECK (json_valid("references")),
  UNIQUE (stage, split, name),
  UNIQUE (stage, split, position)
) STRICT;

-- What was generated: stages.form says whether as it came or repaired.
CREATE TABLE outputs (
  stage   INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  example INTEGER NOT NULL REFERENCES examples,
  text    TEXT NOT NULL,
  tokens  INTEGER NOT NULL,             -- length in tokens
  ended   INTEGER NOT NULL CHECK (ended IN (0, 1)), -- 1 where the end token came
  PRIMARY KEY (stage, example)
) STRICT, WITHOUT ROWID;

-- Metrics. A name with two signatures was computed in two ways.
CREATE TABLE metrics (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL,
  signature TEXT NOT NULL,
  UNIQUE (name, signature)
) STRICT;

-- The scores of a stage's outputs by one metric, all in one row: there are
-- far more of them than of anything else. v_scores has them one by one.
CREATE TABLE scores (
  stage      INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  form       TEXT NOT NULL CHECK (form IN ('raw', 'post')),
  metric     INTEGER NOT NULL REFERENCES metrics,
  by_example TEXT NOT NULL              -- a JSON list: at examples.position the score of that example, of the
             CHECK (json_valid(by_example)), -- task and split of the stage; null where the metric is not defined
  PRIMARY KEY (stage, form, metric)
) STRICT, WITHOUT ROWID;

-- How often a reward model puts the truth above a negative, on dev.
CREATE TABLE reward_accuracies (
  stage    INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  kind     TEXT NOT NULL,               -- random, irrelevant, shuffled, repetitive, copy
  ended    INTEGER NOT NULL CHECK (ended IN (0, 1)), -- 1: negatives with end token
  accuracy REAL NOT NULL CHECK (accuracy BETWEEN 0 AND 1),
  n        INTEGER NOT NULL,            -- pairs
  PRIMARY KEY (stage, kind, ended)
) STRICT, WITHOUT ROWID;

-- The temperature that a decoding used.
CREATE TABLE decodings (
  stage       INTEGER PRIMARY KEY REFERENCES stages ON DELETE CASCADE,
  temperature REAL NOT NULL
) STRICT;

-- Where it was chosen on dev: the temperatures that were tried.
CREATE TABLE tried_temperatures (
  stage       INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  temperature REAL NOT NULL,
  score       REAL NOT NULL,            -- mean on dev of the metric decode.NAME.tune_on
  PRIMARY KEY (stage, temperature)
) STRICT, WITHOUT ROWID;

-- The views below are the way in. A run that two sweeps list has its rows
-- once for each of them, so ask for one sweep.

-- Every score: 'which example scored what, by which system'. A metric that is
-- not defined for an output has no row.
CREATE VIEW v_scores AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.role AS decode,
       c.form, e.name AS example, m.name AS metric, v.value
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN stages t ON t.id = rs.stage
JOIN scores c ON c.stage = t.id
JOIN metrics m ON m.id = c.metric
-- In this order: else SQLite may take each list apart once for each example.
CROSS JOIN json_each(c.by_example) v
CROSS JOIN examples e ON e.stage = t.task AND e.split = t.split AND e.position = v.key
WHERE v.value IS NOT NULL;

-- The mean of each metric for each run, decoding and form.
CREATE VIEW v_summary AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.role AS decode,
       c.form, m.name AS metric, m.signature,
       (SELECT avg(value) FROM json_each(c.by_example)) AS mean,
       (SELECT count(value) FROM json_each(c.by_example)) AS n
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN scores c ON c.stage = rs.stage
JOIN metrics m ON m.id = c.metric;

-- Every output with its input and references.
CREATE VIEW v_outputs AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.role AS decode,
       t.form, e.name AS example, e.input, e."references", o.text, o.tokens, o.ended
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN stages t ON t.id = rs.stage
JOIN outputs o ON o.stage = t.id
JOIN examples e ON e.id = o.example;

-- Every point of every training curve.
CREATE VIEW v_curves AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.kind AS stage,
       c.split, c.name AS curve, c.step, c.value
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN curves c ON c.stage = rs.stage;

-- Accuracy of the reward models.
CREATE VIEW v_reward_accuracy AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed,
       a.kind, a.ended, a.accuracy, a.n
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN reward_accuracies a ON a.stage = rs.stage;

-- What each stage of a sweep cost, and how many of its runs share it.
CREATE VIEW v_costs AS
SELECT s.name AS sweep, t.kind, t.key, t.started, t.seconds, t.tokens,
       CASE WHEN t.tokens > 0 AND t.seconds > 0 THEN t.tokens / t.seconds END AS tokens_per_second,
       t.peak_memory_bytes, t.threads, count(DISTINCT sr.run) AS runs
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN run_stages rs ON rs.run = sr.run
JOIN stages t ON t.id = rs.stage
GROUP BY s.id, t.id;
