-- What Watchglass itself produced, one row a Kafka record. A record may have
-- been published twice: the rows collapse by their deterministic id or source
-- position, and the views of 0003 show one at any time.

-- One rule matched.
CREATE TABLE IF NOT EXISTS {{.Database}}.alerts_stored
(
    id                             String COMMENT 'deterministic id: rule and source position',
    time                           DateTime64(3, 'UTC') COMMENT 'event time of what matched',
    created                        DateTime64(3, 'UTC') COMMENT 'when the worker published it',
    rule                           LowCardinality(String) COMMENT 'id of the rule',
    rule_title                     LowCardinality(String) COMMENT 'its title',
    rule_level                     LowCardinality(String) COMMENT 'informational, low, medium, high or critical',
    rule_version                   LowCardinality(String) COMMENT 'hash of the rule text that matched',
    rule_tags                      Array(LowCardinality(String)) COMMENT 'its tags',
    accessor_id                    String COMMENT 'accessor it is about',
    group_by                       Map(LowCardinality(String), String) COMMENT 'values of the fields the rule groups by',
    event_topic                    LowCardinality(String) COMMENT 'kafka_topic of the event',
    event_partition                Int32 COMMENT 'kafka_partition of the event',
    event_offset                   Int64 COMMENT 'kafka_offset of the event',
    evidence                       Map(LowCardinality(String), String) COMMENT 'the fields the rule looked at, as enriched then',
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.ReplacingMergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (rule, toStartOfHour(time), id)
SETTINGS {{.Settings}};

-- One step in the life of an incident.
CREATE TABLE IF NOT EXISTS {{.Database}}.incident_changes_stored
(
    id                             String COMMENT 'deterministic id: incident and sequence',
    incident                       String COMMENT 'id of the incident',
    generation                     UInt64 COMMENT 'how often it was opened anew under the same key',
    sequence                       UInt64 COMMENT 'of the changes of this incident, from 1',
    time                           DateTime64(3, 'UTC') COMMENT 'when the change was decided',
    status                         LowCardinality(String) COMMENT 'opened, updated or resolved',
    reason                         LowCardinality(String) COMMENT 'why it was decided',
    rule                           LowCardinality(String) COMMENT 'id of the rule',
    rule_title                     LowCardinality(String) COMMENT 'its title',
    rule_level                     LowCardinality(String) COMMENT 'informational, low, medium, high or critical',
    rule_version                   LowCardinality(String) COMMENT 'hash of the rule text that matched',
    rule_tags                      Array(LowCardinality(String)) COMMENT 'its tags',
    accessor_id                    String COMMENT 'accessor it is about',
    group_by                       Map(LowCardinality(String), String) COMMENT 'values of the fields the rule groups by',
    alerts                         UInt64 COMMENT 'alerts so far',
    first_alert                    String COMMENT 'id of the first alert',
    last_alert                     String COMMENT 'id of the last alert',
    first                          DateTime64(3, 'UTC') COMMENT 'event time of the first alert',
    last                           DateTime64(3, 'UTC') COMMENT 'event time of the last alert',
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.ReplacingMergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (incident, id)
SETTINGS {{.Settings}};

-- One attempt to deliver a notification.
CREATE TABLE IF NOT EXISTS {{.Database}}.deliveries_stored
(
    id                             String COMMENT 'deterministic id: notification, destination, attempt',
    notification                   String COMMENT 'id of the notification',
    incident                       String COMMENT 'id of the incident',
    destination                    LowCardinality(String) COMMENT 'configured name of the destination',
    attempt                        UInt64 COMMENT 'number of the attempt, from 1',
    time                           DateTime64(3, 'UTC') COMMENT 'when it was made',
    verdict                        LowCardinality(String) COMMENT 'delivered, retry, refused or disabled',
    status                         UInt64 COMMENT 'HTTP status, 0 when there was no answer',
    error                          LowCardinality(String) COMMENT 'class of the error',
    took_ns                        UInt64 COMMENT 'how long it took, nanoseconds',
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.ReplacingMergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (incident, notification, destination, id)
SETTINGS {{.Settings}};

-- One record that could not be handled, as it came: raw personal data.
CREATE TABLE IF NOT EXISTS {{.Database}}.dead_letters_stored
(
    reason                         LowCardinality(String) COMMENT 'why, of the list in docs/dead-letters.md',
    detail                         String COMMENT 'which member, which limit',
    source_topic                   LowCardinality(String) COMMENT 'topic the record came from, with its incarnation',
    source_partition               Int32 COMMENT 'its partition',
    source_offset                  Int64 COMMENT 'its offset',
    source_time                    DateTime64(3, 'UTC') COMMENT 'its Kafka timestamp',
    key                            String COMMENT 'its key, byte for byte',
    value                          String COMMENT 'its value, byte for byte' CODEC(ZSTD(3)),
    header_names                   Array(String) COMMENT 'names of its headers, in order',
    header_values                  Array(String) COMMENT 'values of its headers, in order',
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.ReplacingMergeTree}}
PARTITION BY toYYYYMM(kafka_time)
ORDER BY (source_topic, source_partition, source_offset)
SETTINGS {{.Settings}};
