-- Users and roles for a real ClickHouse. Run once by an administrator, after
-- changing the passwords; the database is `watchglass`.

CREATE DATABASE IF NOT EXISTS watchglass;

-- The workers, and `watchglass migrate`: views read with this user's rights,
-- so it must keep SELECT on the tables. It can add to tables and set how long
-- rows are kept, and neither change nor delete a row.
CREATE USER IF NOT EXISTS watchglass IDENTIFIED WITH sha256_password BY 'change-me';
GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW, DROP VIEW, ALTER ADD COLUMN, ALTER MODIFY COLUMN, ALTER ADD INDEX, ALTER ADD PROJECTION, ALTER TTL, ALTER VIEW ON watchglass.* TO watchglass;
GRANT TABLE ENGINE ON MergeTree TO watchglass;
GRANT TABLE ENGINE ON ReplacingMergeTree TO watchglass;
-- CREATE OR REPLACE VIEW swaps by way of a table of this name, and drops the old view under it.
GRANT DROP TABLE ON watchglass._tmp_replace_* TO watchglass;
GRANT SET DEFINER ON watchglass TO watchglass;
GRANT SELECT ON system.tables TO watchglass;
GRANT SELECT ON system.databases TO watchglass;

-- Analysts: views, and no table.
CREATE ROLE IF NOT EXISTS analyst;
GRANT SELECT ON watchglass.events TO analyst;
GRANT SELECT ON watchglass.event_details TO analyst;
GRANT SELECT ON watchglass.who_read TO analyst;
GRANT SELECT ON watchglass.timeline_of TO analyst;
GRANT SELECT ON watchglass.incident_events TO analyst;
GRANT SELECT ON watchglass.reads_hourly TO analyst;
GRANT SELECT ON watchglass.accessor_daily TO analyst;
GRANT SELECT ON watchglass.alerts TO analyst;
GRANT SELECT ON watchglass.incidents TO analyst;
GRANT SELECT ON watchglass.incident_changes TO analyst;
GRANT SELECT ON watchglass.deliveries TO analyst;
GRANT SELECT ON watchglass.completeness TO analyst;
GRANT SELECT ON watchglass.stored_ranges TO analyst;
GRANT SELECT ON watchglass.correlation_runs TO analyst;
GRANT SELECT ON watchglass.erasures TO analyst;

-- Raw personal data that could not be read.
CREATE ROLE IF NOT EXISTS dead_letter_reader;
GRANT SELECT ON watchglass.dead_letters TO dead_letter_reader;

-- Whoever checks the record with `watchglass verify`: positions and times, and
-- nothing of whom or what.
CREATE ROLE IF NOT EXISTS overseer;
GRANT SELECT (time, replay_of, kafka_topic, kafka_partition, kafka_offset, kafka_time) ON watchglass.access_events TO overseer;
GRANT SELECT (reason, source_topic, source_partition, source_offset, source_end) ON watchglass.dead_letters_stored TO overseer;
GRANT SELECT ON watchglass.stored_ranges_stored TO overseer;
GRANT SELECT ON watchglass.stored_ranges TO overseer;
GRANT SELECT ON watchglass.correlation_runs TO overseer;
GRANT SELECT ON watchglass.erasures TO overseer;
GRANT SELECT ON watchglass.topics TO overseer;
GRANT SELECT ON watchglass.completeness TO overseer;
GRANT SELECT ON watchglass.schema_migrations TO overseer;

-- For example:
-- CREATE USER alice IDENTIFIED WITH sha256_password BY '…' DEFAULT ROLE analyst;
-- GRANT analyst TO alice;
