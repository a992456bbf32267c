-- The ledger: what became of every offset of a topic of access events, one row
-- for each stored range. It tells what was there after Kafka, retention and
-- erasure have removed it.
CREATE TABLE IF NOT EXISTS {{.Database}}.stored_ranges_stored
(
    source_topic                   LowCardinality(String) COMMENT 'topic of access events, with its incarnation',
    source_partition               Int32 COMMENT 'its partition',
    range_from                     Int64 COMMENT 'first offset of the range',
    range_to                       Int64 COMMENT 'offset behind its last',
    rows                           UInt64 COMMENT 'offsets that are rows: all that none of the next four names',
    dead                           String COMMENT 'offsets that are dead letters, such as 17,19-24' CODEC(ZSTD(1)),
    skipped                        String COMMENT 'offsets of records that are no access records' CODEC(ZSTD(1)),
    copies                         String COMMENT 'offsets of replays of what was replayed before' CODEC(ZSTD(1)),
    absent                         String COMMENT 'offsets that hold no record: transaction markers, aborted, compacted' CODEC(ZSTD(1)),
    days                           Map(LowCardinality(String), String) COMMENT 'rows by the day (UTC) of their event' CODEC(ZSTD(1)),
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.ReplacingMergeTree}}
PARTITION BY toYYYYMM(kafka_time)
ORDER BY (source_topic, source_partition, range_from, range_to)
SETTINGS {{.Settings}};

CREATE OR REPLACE VIEW {{.Database}}.stored_ranges SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.stored_ranges_stored FINAL;

-- Events that were erased: whoever erases some enters their positions first.
CREATE TABLE IF NOT EXISTS {{.Database}}.erasures
(
    kafka_topic                    LowCardinality(String) COMMENT 'kafka_topic of the event',
    kafka_partition                Int32 COMMENT 'its kafka_partition',
    kafka_offset                   Int64 COMMENT 'its kafka_offset' CODEC(Delta, ZSTD(1)),
    erased_at                      DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'when',
    reference                      String COMMENT 'request or order that asked for it' CODEC(ZSTD(1)),
    erased_by                      LowCardinality(String) DEFAULT currentUser() COMMENT 'ClickHouse user who did it'
)
ENGINE = {{.MergeTree}}
ORDER BY (kafka_topic, kafka_partition, kafka_offset)
SETTINGS {{.Settings}};

-- A dead letter may stand for a span of offsets that hold no bytes any more.
ALTER TABLE {{.Database}}.dead_letters_stored ADD COLUMN IF NOT EXISTS source_end Int64 DEFAULT source_offset + 1 COMMENT 'offset behind the last one it stands for' AFTER source_offset;

CREATE OR REPLACE VIEW {{.Database}}.dead_letters SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.dead_letters_stored FINAL;

-- Every offset between the first and the last that the ledger knows of is in
-- one of its entries, or missing: nothing says what became of it. What became
-- of the others, row by row, is for `watchglass verify` to check. Where the
-- ledger has nothing yet, what is neither a row nor a dead letter is missing.
CREATE OR REPLACE VIEW {{.Database}}.completeness SQL SECURITY DEFINER AS
SELECT topic, partition,
       if(max(ledger), minIf(first, ledger), min(first)) AS first_offset,
       if(max(ledger), maxIf(last, ledger), max(last)) AS last_offset,
       sum(stored) AS rows_stored, sum(dead) AS dead_letters,
       last_offset - first_offset + 1 - if(max(ledger), sum(entered), sum(stored) + sum(unread)) AS missing
FROM
(
    SELECT kafka_topic AS topic, kafka_partition AS partition, false AS ledger, min(kafka_offset) AS first, max(kafka_offset) AS last,
           toInt64(count()) AS stored, toInt64(0) AS dead, toInt64(0) AS unread, toInt64(0) AS entered
    FROM {{.Database}}.access_events GROUP BY kafka_topic, kafka_partition
    UNION ALL
    SELECT topic, partition, false, min(first), max(end) - 1, toInt64(0), toInt64(count()), sum(end - first), toInt64(0)
    FROM
    (
        SELECT source_topic AS topic, source_partition AS partition, source_offset AS first, max(source_end) AS end
        FROM {{.Database}}.dead_letters_stored GROUP BY source_topic, source_partition, source_offset
    )
    GROUP BY topic, partition
    UNION ALL
    SELECT topic, partition, true, min(range_from), max(range_to) - 1, toInt64(0), toInt64(0), toInt64(0),
           sum(greatest(toInt64(0), range_to - greatest(range_from, before)))
    FROM
    (
        SELECT source_topic AS topic, source_partition AS partition, range_from, range_to,
               max(range_to) OVER (PARTITION BY source_topic, source_partition ORDER BY range_from, range_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM {{.Database}}.stored_ranges_stored
    )
    GROUP BY topic, partition
)
GROUP BY topic, partition;
