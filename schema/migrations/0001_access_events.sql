-- One row an event, exactly one row a Kafka record. Columns are named as the
-- fields of rules, with _ for the dot.
--
-- fence: an insert is refused when it arrives more than 10 minutes after its
-- attempt began (or so far before: clocks apart), judged when the block is
-- there, not when the query began. Deduplication outlasts that bound.
--
-- The partition key depends on the record's own bytes only: a repeated insert
-- must be cut into the same parts.
CREATE TABLE IF NOT EXISTS {{.Database}}.access_events
(
    id                             String COMMENT 'the producer''s own id of the event' CODEC(ZSTD(1)),
    time                           DateTime64(3, 'UTC') COMMENT 'when it happened, UTC' CODEC(Delta, ZSTD(1)),
    action                         LowCardinality(String) COMMENT 'what was done: read, list, search, query, export, copy, decrypt, share, modify, delete, grant',
    outcome                        LowCardinality(String) COMMENT 'allowed, denied or failed',
    accessor_id                    String COMMENT 'who read' CODEC(ZSTD(1)),
    accessor_kind                  LowCardinality(String) COMMENT 'person, service, model or authority',
    accessor_session               String COMMENT 'the accessor''s session' CODEC(ZSTD(1)),
    accessor_device                String COMMENT 'the accessor''s device' CODEC(ZSTD(1)),
    accessor_on_behalf_of          String COMMENT 'accessor id of the person it was done for' CODEC(ZSTD(1)),
    accessor_known                 Bool COMMENT 'the directory knows the accessor',
    accessor_status                LowCardinality(String) COMMENT 'active, departed or unknown',
    accessor_employer              LowCardinality(String) COMMENT 'legal entity that employs the accessor',
    accessor_employer_country      LowCardinality(String) COMMENT 'country of that entity',
    accessor_unit                  LowCardinality(String) COMMENT 'unit of the accessor',
    accessor_home_country          LowCardinality(String) COMMENT 'country of residence',
    accessor_citizenships          Array(LowCardinality(String)) COMMENT 'citizenships, where the operator keeps them',
    accessor_clearances            Array(LowCardinality(String)) COMMENT 'silos and programmes the accessor is cleared for',
    accessor_owner_countries       Array(LowCardinality(String)) COMMENT 'countries of the employer''s owners with 50 % or more',
    accessor_site                  LowCardinality(String) COMMENT 'corporate site of the network',
    accessor_network_country       LowCardinality(String) COMMENT 'country of the network',
    accessor_network_asn           UInt64 COMMENT 'autonomous system of the network, 0 when unknown' CODEC(T64, ZSTD(1)),
    accessor_location_state        LowCardinality(String) COMMENT 'known, unknown, anonymised or conflict',
    accessor_jurisdictions         Array(LowCardinality(String)) COMMENT 'every country whose law reaches the accessor',
    accessor_restricted            Bool COMMENT 'a jurisdiction is restricted for this resource, or it fails closed',
    accessor_restricted_by         Array(LowCardinality(String)) COMMENT 'network, home, employer, owner, unknown',
    accessor_cleared               Bool COMMENT 'holds the clearance of the resource''s silo; true where there is no silo',
    on_behalf_of_known             Bool COMMENT 'the directory knows the person it was done for',
    on_behalf_of_employer          LowCardinality(String) COMMENT 'legal entity that employs that person',
    on_behalf_of_employer_country  LowCardinality(String) COMMENT 'country of that entity',
    on_behalf_of_home_country      LowCardinality(String) COMMENT 'that person''s country of residence',
    on_behalf_of_unit              LowCardinality(String) COMMENT 'that person''s unit',
    on_behalf_of_restricted        Bool COMMENT 'that person is under a restricted jurisdiction, or is not known',
    on_behalf_of_restricted_by     Array(LowCardinality(String)) COMMENT 'home, employer, owner, unknown',
    origin_ip                      String COMMENT 'peer address as the producer saw it' CODEC(ZSTD(1)),
    origin_client                  String COMMENT 'the client''s address, after trusted proxies' CODEC(ZSTD(1)),
    origin_forwarded               Array(String) COMMENT 'forwarded chain as received, client first' CODEC(ZSTD(1)),
    origin_user_agent              LowCardinality(String) COMMENT 'client program',
    resource_store                 LowCardinality(String) COMMENT 'system that holds the data',
    resource_region                LowCardinality(String) COMMENT 'region where the data is stored',
    resource_dataset               LowCardinality(String) COMMENT 'table, bucket, index … that was read',
    resource_fields                Array(LowCardinality(String)) COMMENT 'fields that were read',
    resource_object                String COMMENT 'single object that was read' CODEC(ZSTD(1)),
    resource_silo                  LowCardinality(String) COMMENT 'ring-fence the data belongs to',
    resource_residents             LowCardinality(String) COMMENT 'whose residents the data describes',
    resource_misplaced             Bool COMMENT 'silo data stored outside the silo''s regions',
    data_categories                Array(LowCardinality(String)) COMMENT 'kinds of data, from the taxonomy',
    subject_ids                    Array(String) COMMENT 'whom the data is about, at most 10,000' CODEC(ZSTD(1)),
    subject_count                  UInt64 COMMENT 'how many subjects' CODEC(T64, ZSTD(1)),
    subject_truncated              Bool COMMENT 'more ids were sent than are kept',
    subject_groups                 Array(LowCardinality(String)) COMMENT 'protected groups among the subjects',
    rows                           UInt64 COMMENT 'rows returned, 0 when unknown' CODEC(T64, ZSTD(1)),
    bytes                          UInt64 COMMENT 'bytes returned, 0 when unknown' CODEC(T64, ZSTD(1)),
    purpose_kind                   LowCardinality(String) COMMENT 'stated purpose',
    purpose_ticket                 String COMMENT 'ticket the purpose refers to' CODEC(ZSTD(1)),
    purpose_reason                 String COMMENT 'stated reason, free text' CODEC(ZSTD(3)),
    statement                      String COMMENT 'query text' CODEC(ZSTD(3)),
    producer_name                  LowCardinality(String) COMMENT 'system that wrote the log',
    producer_sequence              UInt64 COMMENT 'that system''s own counter' CODEC(T64, ZSTD(1)),
    attributes                     Map(LowCardinality(String), String) COMMENT 'members that the contract does not name, by dotted path' CODEC(ZSTD(1)),
    source                         LowCardinality(String) COMMENT 'format the record was decoded from',
    rules                          Array(LowCardinality(String)) COMMENT 'ids of the rules that matched',
    policy_version                 LowCardinality(String) COMMENT 'hash of the policy that enriched and judged the event',
    replay_of                      String COMMENT 'topic/partition/offset of the dead letter that was replayed, normally empty' CODEC(ZSTD(1)),
    kafka_topic                    LowCardinality(String) COMMENT 'topic of the Kafka record, with its incarnation',
    kafka_partition                Int32 COMMENT 'partition of the Kafka record' CODEC(ZSTD(1)),
    kafka_offset                   Int64 COMMENT 'offset of the Kafka record' CODEC(Delta, ZSTD(1)),
    kafka_time                     DateTime64(3, 'UTC') COMMENT 'timestamp of the Kafka record' CODEC(Delta, ZSTD(1)),
    stored_at                      DateTime64(3, 'UTC') COMMENT 'when the insert that stored the row was attempted' CODEC(Delta, ZSTD(1)),

    INDEX accessor_id_bloom accessor_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX subject_ids_text subject_ids TYPE text(tokenizer = 'array'),

    -- Which offsets of a partition are stored: asked at each assignment.
    PROJECTION positions (SELECT kafka_topic, kafka_partition, kafka_offset ORDER BY kafka_topic, kafka_partition, kafka_offset),
    -- Behind the view completeness: a row a part.
    PROJECTION by_partition
    (
        SELECT kafka_topic, kafka_partition, count(), min(kafka_offset), max(kafka_offset)
        GROUP BY kafka_topic, kafka_partition
    ),
    -- Behind the view reads_hourly.
    PROJECTION by_hour
    (
        SELECT toStartOfHour(time), accessor_network_country, accessor_employer_country, accessor_location_state, accessor_restricted,
               resource_dataset, resource_residents, data_categories, count(), sum(rows), sum(bytes), sum(subject_count)
        GROUP BY toStartOfHour(time), accessor_network_country, accessor_employer_country, accessor_location_state, accessor_restricted,
               resource_dataset, resource_residents, data_categories
    ),
    -- Behind the view accessor_daily.
    PROJECTION by_accessor
    (
        SELECT toDate(time), accessor_id, count(), sum(rows), sum(bytes), sum(subject_count), uniqArray(subject_ids)
        GROUP BY toDate(time), accessor_id
    ),

    CONSTRAINT fence CHECK stored_at > nowInBlock('UTC') - INTERVAL 10 MINUTE AND stored_at < nowInBlock('UTC') + INTERVAL 10 MINUTE
)
ENGINE = {{.MergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfHour(time), accessor_network_country, resource_dataset, accessor_id, time)
SETTINGS {{.Settings}};
