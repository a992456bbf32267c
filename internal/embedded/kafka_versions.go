package embedded

import "fmt"

// KafkaVersion is a release of Kafka that install.sh fetches.
type KafkaVersion string

// The newest release of each generation of brokers that is in the field.
const (
	Kafka3 KafkaVersion = "3.9.2"
	Kafka4 KafkaVersion = "4.3.1"
)

// KafkaVersions are all of them, oldest first.
func KafkaVersions() []KafkaVersion { return []KafkaVersion{Kafka3, Kafka4} }

// KafkaJarsOf is the folder with the jars of a version ("": the newest), or a
// *MissingError; Java is looked for when Kafka starts.
func (e Engines) KafkaJarsOf(v KafkaVersion) (string, error) {
	switch v {
	case Kafka4, "":
		return e.KafkaJars()
	case Kafka3:
		return e.installed("Kafka "+string(v), "kafka-3.9", "kafka-3.9")
	default:
		return "", fmt.Errorf("kafka %s is none of %v", v, KafkaVersions())
	}
}
