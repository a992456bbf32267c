-- Which topic each name stands for: Kafka gives a topic that is deleted and
-- made anew another id, and its offsets begin at 0 again.
CREATE TABLE IF NOT EXISTS {{.Database}}.topics
(
    kafka_topic                    LowCardinality(String) COMMENT 'name of a topic that is read, with its incarnation',
    kafka_partition                Int32 COMMENT 'its partition',
    topic_id                       String COMMENT 'id that Kafka has given to it, in hexadecimal',
    first_seen                     DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'when a worker first read it'
)
ENGINE = {{.MergeTree}}
ORDER BY (kafka_topic, kafka_partition, first_seen)
SETTINGS {{.Settings}};
