-- What analysts see. Every view reads with the rights of whoever migrated
-- (SQL SECURITY DEFINER), so that the role `analyst` needs no grant on a table.
-- Texts that may quote data (statement, purpose_reason, attributes) are shown
-- for one event at a time, by event_details.
CREATE OR REPLACE VIEW {{.Database}}.events SQL SECURITY DEFINER AS
SELECT * EXCEPT (statement, purpose_reason, attributes) FROM {{.Database}}.access_events;

-- Everything about one event.
CREATE OR REPLACE VIEW {{.Database}}.event_details SQL SECURITY DEFINER AS
SELECT * FROM {{.Database}}.access_events
WHERE kafka_topic = {topic:String} AND kafka_partition = {partition:Int32} AND kafka_offset = {offset:Int64};

-- Who read one subject, newest first.
CREATE OR REPLACE VIEW {{.Database}}.who_read SQL SECURITY DEFINER AS
SELECT time, accessor_id, accessor_kind, accessor_unit, accessor_employer, accessor_network_country, accessor_location_state,
       accessor_jurisdictions, accessor_restricted, accessor_on_behalf_of, action, outcome, resource_store, resource_dataset, resource_fields,
       data_categories, subject_count, subject_groups, purpose_kind, purpose_ticket, rules, kafka_topic, kafka_partition, kafka_offset
FROM {{.Database}}.access_events
WHERE has(subject_ids, {subject:String}) AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
ORDER BY time DESC;

-- What one accessor did, in order.
CREATE OR REPLACE VIEW {{.Database}}.timeline_of SQL SECURITY DEFINER AS
SELECT time, action, outcome, resource_store, resource_region, resource_dataset, resource_fields, data_categories, subject_ids, subject_count, subject_groups,
       rows, bytes, accessor_network_country, accessor_location_state, accessor_restricted, accessor_restricted_by, accessor_on_behalf_of,
       origin_client, purpose_kind, purpose_ticket, rules, kafka_topic, kafka_partition, kafka_offset
FROM {{.Database}}.access_events
WHERE accessor_id = {accessor:String} AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
ORDER BY time, kafka_topic, kafka_partition, kafka_offset;

-- Reads by the hour. data_categories holds all categories of a read: ask with
-- has(); unfolding it counts a read once for each.
CREATE OR REPLACE VIEW {{.Database}}.reads_hourly SQL SECURITY DEFINER AS
SELECT toStartOfHour(time) AS hour, accessor_network_country, accessor_employer_country, accessor_location_state, accessor_restricted,
       resource_dataset, resource_residents, data_categories,
       count() AS reads, sum(rows) AS rows_read, sum(bytes) AS bytes_read, sum(subject_count) AS subjects_read
FROM {{.Database}}.access_events
GROUP BY toStartOfHour(time), accessor_network_country, accessor_employer_country, accessor_location_state, accessor_restricted,
         resource_dataset, resource_residents, data_categories;

-- Accessors by the day (UTC). subjects is the number of distinct subject ids,
-- within about 1 %; subjects_read adds up the counts of all reads.
CREATE OR REPLACE VIEW {{.Database}}.accessor_daily SQL SECURITY DEFINER AS
SELECT toDate(time) AS day, accessor_id, count() AS reads, sum(rows) AS rows_read, sum(bytes) AS bytes_read,
       sum(subject_count) AS subjects_read, uniqArray(subject_ids) AS subjects
FROM {{.Database}}.access_events
GROUP BY toDate(time), accessor_id;

-- One row an alert, however often it was published.
CREATE OR REPLACE VIEW {{.Database}}.alerts SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.alerts_stored FINAL;

CREATE OR REPLACE VIEW {{.Database}}.incident_changes SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.incident_changes_stored FINAL;

-- Incidents as they stand after their last change.
CREATE OR REPLACE VIEW {{.Database}}.incidents SQL SECURITY DEFINER AS
SELECT incident, generation, argMax(status, sequence) AS status, argMax(reason, sequence) AS reason,
       argMax(rule, sequence) AS rule, argMax(rule_title, sequence) AS rule_title, argMax(rule_level, sequence) AS rule_level,
       argMax(accessor_id, sequence) AS accessor_id, argMax(group_by, sequence) AS group_by, max(alerts) AS alerts,
       min(time) AS opened, max(time) AS changed, min(first) AS first_event, max(last) AS last_event
FROM {{.Database}}.incident_changes_stored
GROUP BY incident, generation;

-- The events behind one incident, by its alerts.
CREATE OR REPLACE VIEW {{.Database}}.incident_events SQL SECURITY DEFINER AS
WITH
    (SELECT (min(first), max(last), any(rule), any(accessor_id), any(group_by)) FROM {{.Database}}.incident_changes_stored WHERE incident = {incident:String}) AS i
SELECT * EXCEPT (statement, purpose_reason, attributes) FROM {{.Database}}.access_events
WHERE time >= i.1 AND time <= i.2 AND (kafka_topic, kafka_partition, kafka_offset) IN
(
    SELECT event_topic, event_partition, event_offset FROM {{.Database}}.alerts_stored
    WHERE time >= i.1 AND time <= i.2 AND rule = i.3 AND accessor_id = i.4 AND toString(group_by) = toString(i.5)
)
ORDER BY time;

CREATE OR REPLACE VIEW {{.Database}}.deliveries SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.deliveries_stored FINAL;

-- Raw personal data: for the role `dead_letter_reader`, not for `analyst`.
CREATE OR REPLACE VIEW {{.Database}}.dead_letters SQL SECURITY DEFINER AS
SELECT * EXCEPT (kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) FROM {{.Database}}.dead_letters_stored FINAL;

-- Every offset between the first and the last is a row, a dead letter, or
-- missing. Kafka's own control records (transactions), records that compaction
-- removed, lines that a format skips, and rows past their retention count as missing.
CREATE OR REPLACE VIEW {{.Database}}.completeness SQL SECURITY DEFINER AS
SELECT topic, partition, min(first) AS first_offset, max(last) AS last_offset, sum(stored) AS rows_stored, sum(dead) AS dead_letters,
       last_offset - first_offset + 1 - rows_stored - dead_letters AS missing
FROM
(
    SELECT kafka_topic AS topic, kafka_partition AS partition, min(kafka_offset) AS first, max(kafka_offset) AS last,
           toInt64(count()) AS stored, toInt64(0) AS dead
    FROM {{.Database}}.access_events GROUP BY kafka_topic, kafka_partition
    UNION ALL
    SELECT source_topic, source_partition, min(source_offset), max(source_offset), toInt64(0), toInt64(uniqExact(source_offset))
    FROM {{.Database}}.dead_letters_stored GROUP BY source_topic, source_partition
)
GROUP BY topic, partition;
