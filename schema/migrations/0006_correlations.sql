-- Rules over time: their runs, and what makes finding the rows of a run cheap.
ALTER TABLE {{.Database}}.access_events ADD COLUMN IF NOT EXISTS rule_versions Array(LowCardinality(String)) COMMENT 'versions of these rules, in the same order' AFTER rules;

-- A run asks for the rows between two offsets. Rows are in the order of their time,
-- and offsets nearly so: all but a few granules are left out.
ALTER TABLE {{.Database}}.access_events ADD INDEX IF NOT EXISTS kafka_offset_minmax kafka_offset TYPE minmax GRANULARITY 1;

-- Each run of a rule over time. The ends of one are the beginnings of the next:
-- a window that was skipped would be a gap between them.
CREATE TABLE IF NOT EXISTS {{.Database}}.correlation_runs_stored
(
    id                             String COMMENT 'deterministic id: rule, sequence and status',
    rule                           LowCardinality(String) COMMENT 'id of the rule',
    rule_version                   LowCardinality(String) COMMENT 'hash of what the rule was made of',
    sequence                       UInt64 COMMENT 'of the runs of this rule, from 1',
    status                         LowCardinality(String) COMMENT 'ok, announced, failed (it is repeated) or filled (a rule that is new or has changed looked back)',
    offsets_from                   Map(LowCardinality(String), String) COMMENT 'first offsets of the run, by topic/partition' CODEC(ZSTD(1)),
    offsets_to                     Map(LowCardinality(String), String) COMMENT 'offsets behind the last' CODEC(ZSTD(1)),
    judged                         DateTime64(3, 'UTC') COMMENT 'time up to which windows were judged that more rows could have undone',
    started                        DateTime64(3, 'UTC') COMMENT 'when the run began' CODEC(Delta, ZSTD(1)),
    took_ms                        UInt64 COMMENT 'how long it took, in milliseconds' CODEC(T64, ZSTD(1)),
    rows                           UInt64 COMMENT 'new rows that concern the rule' CODEC(T64, ZSTD(1)),
    alerts                         UInt64 COMMENT 'alerts published; of a run with status filled: that would have been' CODEC(T64, ZSTD(1)),
    read_rows                      UInt64 COMMENT 'rows that ClickHouse read for it' CODEC(T64, ZSTD(1)),
    read_bytes                     UInt64 COMMENT 'bytes that ClickHouse read for it' CODEC(T64, ZSTD(1)),
    error                          LowCardinality(String) COMMENT 'class of what failed',
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.ReplacingMergeTree}}
PARTITION BY toYYYYMM(started)
ORDER BY (rule, toStartOfHour(started), sequence, id)
SETTINGS {{.Settings}};

CREATE OR REPLACE VIEW {{.Database}}.correlation_runs SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.correlation_runs_stored FINAL;

-- The events of an incident. An alert of a rule over time names those that were in
-- its window, the latest fifty, as topic/partition/offset.
CREATE OR REPLACE VIEW {{.Database}}.incident_events SQL SECURITY DEFINER AS
WITH
    (SELECT (min(first), max(last), any(rule), any(accessor_id), any(group_by)) FROM {{.Database}}.incident_changes_stored WHERE incident = {incident:String}) AS i,
    (
        SELECT (min(least), max(greatest)) FROM
        (
            SELECT least(time, ifNull(parseDateTime64BestEffortOrNull(evidence['window.from'], 3, 'UTC'), time)) AS least,
                   greatest(time, ifNull(parseDateTime64BestEffortOrNull(evidence['window.to'], 3, 'UTC'), time)) AS greatest
            FROM {{.Database}}.alerts_stored
            WHERE time >= i.1 AND time <= i.2 AND rule = i.3 AND accessor_id = i.4 AND toString(group_by) = toString(i.5)
        )
    ) AS span
SELECT * EXCEPT (statement, purpose_reason, attributes) FROM {{.Database}}.access_events
WHERE time >= span.1 AND time <= span.2 AND (kafka_topic, kafka_partition, kafka_offset) IN
(
    SELECT event_topic, event_partition, event_offset FROM {{.Database}}.alerts_stored
    WHERE time >= i.1 AND time <= i.2 AND rule = i.3 AND accessor_id = i.4 AND toString(group_by) = toString(i.5)
    UNION ALL
    SELECT substring(event, 1, length(event) - length(parts[-1]) - length(parts[-2]) - 2), toInt32OrZero(parts[-2]), toInt64OrZero(parts[-1])
    FROM
    (
        SELECT arrayJoin(splitByChar(' ', evidence['events'])) AS event, splitByChar('/', event) AS parts FROM {{.Database}}.alerts_stored
        WHERE time >= i.1 AND time <= i.2 AND rule = i.3 AND accessor_id = i.4 AND toString(group_by) = toString(i.5) AND evidence['events'] != ''
    )
    WHERE length(parts) >= 3
)
ORDER BY time;
