package fleet

import (
	"fmt"
	"strings"
)

// render writes a configuration in which every option has its value.
func render(root string, o Options) string {
	return fmt.Sprintf(`
kafka:
  brokers: [%[1]s]
  group_prefix: {name}
  partitions: %[2]d
  topics:
    access_events: %[3]s
    alerts: {name}-alerts
    incidents: {name}-incidents
    incident_state: {name}-incident-state
    notifications: {name}-notifications
    deliveries: {name}-deliveries
    dead: {name}-dead
    ledger: {name}-ledger
    correlations: {name}-correlations
%[4]s
clickhouse:
  addresses: [%[5]s]
  database: {name}
%[6]s
policy:
  dir: %[7]s
  protected_keys: [{id: demo, key: "file:%[8]s/deploy/policy/demo.key"}]
alerts:
  incident: {quiet_time: 1h, update_interval: 1h}
  destinations: %[9]s
http: {listen: %[10]q}
log: {level: info, format: json}
%[11]s
`, strings.Join(o.Seeds, ","), o.Partitions, o.Topics, indented(o.Kafka), o.Through, indented(o.ClickHouse),
		o.Policy, root, o.Destinations, o.Listen, o.Extra)
}

// indented puts lines of YAML into a section.
func indented(lines string) string { return "  " + strings.ReplaceAll(lines, "\n", "\n  ") }
