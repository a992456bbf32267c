package e2e

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// The names of the listeners: for logins, for clients with a certificate.
const (
	logins       = "LOGINS"
	certificates = "CERTIFICATES"
)

// secureKafka is a broker with keys of an authority, whose user watchglass may
// do what she is granted and nothing else. The plain listener is for the
// administrator.
func secureKafka(t *testing.T, ca *authority, password string) *embedded.Kafka {
	t.Helper()
	cert, key := ca.issue("kafka")
	line := func(pem string) string { return strings.ReplaceAll(pem, "\n", `\n`) } // of a properties file
	module := func(name, rest string) string {
		return "org.apache.kafka.common.security." + name + " required" + rest + ";"
	}
	prefix := "listener.name." + strings.ToLower(logins) + "."
	k := engines.OwnKafkaWith(t, embedded.KafkaConfig{
		Listeners: map[string]string{logins: "SASL_SSL", certificates: "SSL"},
		Properties: map[string]string{
			"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": line(cert), "ssl.keystore.key": line(key),
			"ssl.truststore.type": "PEM", "ssl.truststore.certificates": line(ca.pem),
			prefix + "sasl.enabled.mechanisms":                       "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
			prefix + "plain.sasl.jaas.config":                        module("plain.PlainLoginModule", ` user_watchglass="`+password+`" user_nobody="`+password+`"`),
			prefix + "scram-sha-256.sasl.jaas.config":                module("scram.ScramLoginModule", ""),
			prefix + "scram-sha-512.sasl.jaas.config":                module("scram.ScramLoginModule", ""),
			"listener.name.certificates.ssl.client.auth":             "required",
			"listener.name.certificates.ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
			"authorizer.class.name":                                  "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
			"super.users":                                            "User:ANONYMOUS",
		},
	})
	addSCRAM(t, k, password)
	return k
}

func addSCRAM(t *testing.T, k *embedded.Kafka, password string) {
	t.Helper()
	const iterations = 4096
	var users []kafka.UserScramCredentialsUpsertion
	for mechanism, hash := range map[kafka.ScramMechanism]func() hash.Hash{kafka.ScramMechanismSha256: sha256.New, kafka.ScramMechanismSha512: sha512.New} {
		salt := []byte(rand.Text())
		salted, err := pbkdf2.Key(hash, password, salt, iterations, hash().Size())
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, kafka.UserScramCredentialsUpsertion{Name: "watchglass", Mechanism: mechanism, Iterations: iterations, Salt: salt, SaltedPassword: salted})
	}
	for _, user := range users { // Kafka takes one mechanism of a user at a time
		response, err := admin(k).AlterUserScramCredentials(t.Context(), &kafka.AlterUserScramCredentialsRequest{Upsertions: []kafka.UserScramCredentialsUpsertion{user}})
		if err == nil {
			err = response.Results[0].Error
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func admin(k *embedded.Kafka) *kafka.Client { return &kafka.Client{Addr: kafka.TCP(k.Addrs()...)} }

// grant gives the user watchglass the rights that docs/operations.md lists,
// and no other.
func (f *fleet) grant() {
	f.t.Helper()
	var entries []kafka.ACLEntry
	allow := func(kind kafka.ResourceType, name string, pattern kafka.PatternType, operations ...kafka.ACLOperationType) {
		for _, o := range operations {
			entries = append(entries, kafka.ACLEntry{
				ResourceType: kind, ResourceName: name, ResourcePatternType: pattern,
				Principal: "User:watchglass", Host: "*", Operation: o, PermissionType: kafka.ACLPermissionTypeAllow,
			})
		}
	}
	describe, read, write := kafka.ACLOperationTypeDescribe, kafka.ACLOperationTypeRead, kafka.ACLOperationTypeWrite
	allow(kafka.ResourceTypeTopic, f.name, kafka.PatternTypeLiteral, describe, read)
	for _, topic := range f.ownTopics() {
		allow(kafka.ResourceTypeTopic, topic, kafka.PatternTypeLiteral, describe, read, write)
	}
	allow(kafka.ResourceTypeGroup, f.name+".", kafka.PatternTypePrefixed, describe, read)
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	response, err := client.CreateACLs(f.t.Context(), &kafka.CreateACLsRequest{ACLs: entries})
	if err == nil {
		err = errors.Join(response.Errors...)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// ownTopics are those that Watchglass writes.
func (f *fleet) ownTopics() (names []string) {
	for _, kind := range []string{"alerts", "incidents", "incident-state", "notifications", "deliveries", "ledger", "correlations", "dead"} {
		names = append(names, f.name+"-"+kind)
	}
	return names
}

// createTopics makes all topics ahead of the workers.
func (f *fleet) createTopics(partitions int) {
	f.t.Helper()
	var request kafka.CreateTopicsRequest
	for _, name := range append(f.ownTopics(), f.name) {
		request.Topics = append(request.Topics, kafka.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1})
	}
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	response, err := client.CreateTopics(f.t.Context(), &request)
	if err != nil {
		f.t.Fatal(err)
	}
	for name, err := range response.Errors {
		if err != nil {
			f.t.Fatalf("create %s: %v", name, err)
		}
	}
}
