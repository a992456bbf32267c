package embedded

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// clusterID is a random id in Kafka's own form: 16 bytes in URL-safe base64. Kafka
// takes no id that begins with a dash.
func clusterID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[0] &= 0x7f           // the first character is then a letter
	return base64.RawURLEncoding.EncodeToString(id[:])
}

func (k *Kafka) dir(i int) string {
	return filepath.Join(k.cfg.Dir, "broker-"+strconv.Itoa(i))
}

// javaArgs favours a quick start: no second compiler, no parallel collector.
// What the JVM unpacks, and would leave behind when it is killed, stays in dir.
func (k *Kafka) javaArgs(i int, args ...string) []string {
	return append([]string{
		k.java, "-Xmx" + k.cfg.Heap, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-XX:-UsePerfData", "-Djava.io.tmpdir=" + k.dir(i),
		"-Dlog4j2.configurationFile=" + filepath.Join(k.dir(i), "log4j2.properties"),
		"-cp", filepath.Join(k.cfg.Jars, "*"),
	}, args...)
}

// serverProperties are broker i's: small, quick to start and to rebalance.
func (k *Kafka) serverProperties(i int) string {
	replicas := strconv.Itoa(min(len(k.brokers), 3))
	inSync := strconv.Itoa(min(len(k.brokers), 2))
	var voters []string
	for j := range k.brokers {
		voters = append(voters, fmt.Sprintf("%d@%s", j, loopback(k.ports[2*j+1])))
	}
	broker, controller := loopback(k.ports[2*i]), loopback(k.ports[2*i+1])
	p := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        strconv.Itoa(i),
		"controller.quorum.voters":       strings.Join(voters, ","),
		"listeners":                      "PLAINTEXT://" + broker + ",CONTROLLER://" + controller,
		"advertised.listeners":           "PLAINTEXT://" + broker,
		"controller.listener.names":      "CONTROLLER",
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                       filepath.Join(k.dir(i), "data"),

		"auto.create.topics.enable":        "false",
		"default.replication.factor":       replicas,
		"min.insync.replicas":              inSync,
		"offsets.topic.replication.factor": replicas,
		"offsets.topic.num.partitions":     "4",
		"group.initial.rebalance.delay.ms": "0",
		"group.min.session.timeout.ms":     "1000",

		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    inSync,
		"transaction.state.log.num.partitions":             "2",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            inSync,

		// A killed broker is missed after 3 s rather than 9.
		"broker.heartbeat.interval.ms": "500",
		"broker.session.timeout.ms":    "3000",

		"num.network.threads":            "2",
		"num.io.threads":                 "4",
		"log.cleaner.threads":            "1",
		"log.cleaner.dedupe.buffer.size": "16777216",
	}
	for name, protocol := range k.cfg.Listeners {
		at := "," + name + "://" + k.Listener(name)
		p["listeners"] += at
		p["advertised.listeners"] += at
		p["listener.security.protocol.map"] += "," + name + ":" + protocol
	}
	if len(k.cfg.Advertised) > 0 {
		p["listeners"] += ",BEHIND://" + k.Behind(i)
		p["advertised.listeners"] += ",BEHIND://" + k.cfg.Advertised[i]
		p["listener.security.protocol.map"] += ",BEHIND:PLAINTEXT"
	}
	maps.Copy(p, k.cfg.Properties)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", key, p[key])
	}
	return b.String()
}

const log4jProperties = `status=error
appender.console.type=Console
appender.console.name=STDOUT
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.stdout.ref=STDOUT
`
