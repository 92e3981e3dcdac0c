-- What dev chose of a decoding, in words as in tried_decodings; '' where
-- nothing was chosen there.
ALTER TABLE decodings ADD COLUMN chosen TEXT NOT NULL DEFAULT '';

-- What was tried on dev for a decoding.
CREATE TABLE tried_decodings (
  stage    INTEGER NOT NULL REFERENCES stages ON DELETE CASCADE,
  position INTEGER NOT NULL,            -- in the order in which they were tried, from 0
  decoding TEXT NOT NULL,               -- greedy; 4 beams; temperature 0.3, top-p 0.9
  score    REAL NOT NULL,               -- mean on dev of the metric decode.NAME.tune_on
  PRIMARY KEY (stage, position)
) STRICT, WITHOUT ROWID;

UPDATE decodings SET chosen = printf('temperature %g', temperature)
WHERE stage IN (SELECT stage FROM tried_temperatures);
INSERT INTO tried_decodings
SELECT stage, row_number() OVER (PARTITION BY stage ORDER BY temperature) - 1, printf('temperature %g', temperature), score
FROM tried_temperatures;
DROP TABLE tried_temperatures;
