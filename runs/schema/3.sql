-- How a reward model does on held-out prompts, which
-- stages of the kind reward_eval measure.

-- Accuracy by kind of negatives. A tie counts as half. Trivial scorers look at one cheap
-- property of a response.
CREATE TABLE reward_kinds (
  stage    INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  position INTEGER NOT NULL,            -- its place in the order of reports
  kind     TEXT NOT NULL,
  ended    INTEGER NOT NULL CHECK (ended IN (0, 1)),   -- 1: negatives with end token
  trained  INTEGER NOT NULL CHECK (trained IN (0, 1)), -- 1: the reward model has learned from such
  accuracy REAL NOT NULL CHECK (accuracy BETWEEN 0 AND 1),
  trivial  TEXT NOT NULL                -- a JSON object: trivial scorers' accuracies, by name
           CHECK (json_valid(trivial)),
  n        INTEGER NOT NULL,            -- pairs
  PRIMARY KEY (stage, kind, ended)
) STRICT, WITHOUT ROWID;

-- What the reward model says of samples of the policy.
CREATE TABLE reward_samples (
  stage     INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  policy    TEXT NOT NULL,              -- before: the MLE policy; after: what reinforcement learning made of it
  statistic TEXT NOT NULL,              -- truth above: the share of samples that the truth scores above;
                                        -- kendall, spearman, pearson: the mean over prompts of the correlation of the
                                        -- reward with the metric; ranked: the share of pairs ordered as by the metric
  metric    TEXT NOT NULL,              -- '' for truth above
  value     REAL NOT NULL,
  low       REAL,                       -- the 95 % interval over prompts; NULL of fewer than two
  high      REAL,
  n         INTEGER NOT NULL,           -- prompts
  PRIMARY KEY (stage, policy, statistic, metric)
) STRICT, WITHOUT ROWID;

-- Reliability: pairs of a truth and something else, by the confidence
-- σ(|difference of the scores|).
CREATE TABLE reward_calibration (
  stage      INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  pairs      TEXT NOT NULL,             -- what the truth is compared with: negatives of kinds that were trained on
                                        -- (trained) or not (left out), samples (before, after)
  bin        INTEGER NOT NULL,          -- from 0 (confidence 0.5 to 0.55) to 9
  confidence REAL NOT NULL,             -- mean of the pairs
  "right"    REAL NOT NULL CHECK ("right" BETWEEN 0 AND 1), -- share in which the truth scores above
  n          INTEGER NOT NULL,
  PRIMARY KEY (stage, pairs, bin)
) STRICT, WITHOUT ROWID;

-- Accuracy on kinds of negatives, of the reward model and of each trivial scorer.
CREATE VIEW v_reward_kinds AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed,
       k.kind, k.ended, k.trained, k.n, k.accuracy, t.key AS trivial_scorer, t.value AS trivial_accuracy
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN reward_kinds k ON k.stage = rs.stage
LEFT JOIN json_each(k.trivial) t;

-- The reward model and the policy's samples.
CREATE VIEW v_reward_samples AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed,
       m.policy, m.statistic, m.metric, m.value, m.low, m.high, m.n
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN reward_samples m ON m.stage = rs.stage;

-- The reward model's calibration.
CREATE VIEW v_reward_calibration AS
SELECT s.name AS sweep, r.name AS run, sr.label, sr.seed,
       c.pairs, c.bin, c.confidence, c."right", c.n
FROM sweeps s
JOIN sweep_runs sr ON sr.sweep = s.id
JOIN runs r ON r.id = sr.run
JOIN run_stages rs ON rs.run = r.id
JOIN reward_calibration c ON c.stage = rs.stage;
