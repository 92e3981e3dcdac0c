-- The store of lastmile, version 1. Every table and column is explained here;
-- README.md beside this folder shows queries.
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
CREATE TABLE run_settings (
  run   INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

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

-- One computation.
CREATE TABLE stages (
  id                INTEGER PRIMARY KEY,
  key               TEXT NOT NULL UNIQUE,     -- the hash of part, version and the keys of its inputs
  kind              TEXT NOT NULL,            -- prepare, base, mle, negatives, reward, rl, decode, postprocess, scorer, score
  part              TEXT NOT NULL DEFAULT '{}'-- its part of the configuration, as JSON
                    CHECK (json_valid(part)),
  version           INTEGER NOT NULL,         -- of the code that computed it
  started           TEXT NOT NULL,            -- RFC 3339, UTC
  seconds           REAL NOT NULL,            -- wall-clock time, all attempts together
  tokens            INTEGER NOT NULL,         -- tokens trained on or decoded; 0 where none are
  peak_memory_bytes INTEGER NOT NULL,         -- largest resident size of the process
  threads           INTEGER NOT NULL
) STRICT;

-- Which stages a run is made of.
CREATE TABLE run_stages (
  run   INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  kind  TEXT NOT NULL,                  -- stages.kind
  role  TEXT NOT NULL DEFAULT '',       -- the name of the decoding, for decode, postprocess and score
  stage INTEGER NOT NULL REFERENCES stages,
  PRIMARY KEY (run, kind, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_stages_by_stage ON run_stages (stage);

-- Training curves of base, mle, reward, rl and scorer.
CREATE TABLE curves (
  stage INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  name  TEXT NOT NULL,                  -- loss, reward, kl, ...
  split TEXT NOT NULL,                  -- train or dev
  step  INTEGER NOT NULL,               -- optimizer steps; updates for rl
  value REAL NOT NULL,
  PRIMARY KEY (stage, name, split, step)
) STRICT, WITHOUT ROWID;

-- The examples of a task, in the order of its files.
CREATE TABLE examples (
  id           INTEGER PRIMARY KEY,
  stage        INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE, -- the prepare stage that made them
  split        TEXT NOT NULL,           -- train, dev or test
  name         TEXT NOT NULL,           -- the example's own id
  input        TEXT NOT NULL,
  "references" TEXT NOT NULL            -- a JSON list of strings
               CHECK (json_valid("references")),
  UNIQUE (stage, split, name)
) STRICT;

-- What was generated: raw by stages of kind decode, repaired by postprocess.
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

-- One score of one output, by a stage of kind score. A metric that is not
-- defined for an output has no row.
CREATE TABLE scores (
  stage   INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  form    TEXT NOT NULL CHECK (form IN ('raw', 'post')),
  metric  INTEGER NOT NULL REFERENCES metrics,
  example INTEGER NOT NULL REFERENCES examples,
  value   REAL NOT NULL,
  PRIMARY KEY (stage, form, metric, example)
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

-- The temperature that a decode stage used.
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

-- Every score: 'which example scored what, by which system'.
CREATE VIEW v_scores AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.role AS decode,
       c.form, e.name AS example, m.name AS metric, c.value
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id AND rs.kind = 'score'
JOIN scores c ON c.stage = rs.stage
JOIN metrics m ON m.id = c.metric
JOIN examples e ON e.id = c.example;

-- The mean of each metric for each run, decoding and form.
CREATE VIEW v_summary AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.role AS decode,
       c.form, m.name AS metric, m.signature, avg(c.value) AS mean, count(*) AS n
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id AND rs.kind = 'score'
JOIN scores c ON c.stage = rs.stage
JOIN metrics m ON m.id = c.metric
GROUP BY s.id, sr.label, sr.seed, rs.role, c.form, c.metric;

-- Every output with its input and references.
CREATE VIEW v_outputs AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed, rs.role AS decode,
       CASE rs.kind WHEN 'decode' THEN 'raw' ELSE 'post' END AS form,
       e.name AS example, e.input, e."references", o.text, o.tokens, o.ended
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id AND rs.kind IN ('decode', 'postprocess')
JOIN outputs o ON o.stage = rs.stage
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
JOIN run_stages rs ON rs.run = r.id AND rs.kind = 'reward'
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
