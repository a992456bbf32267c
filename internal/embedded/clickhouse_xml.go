package embedded

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path/filepath"
)

// defaultMemoryBytes leaves room for a JVM and the tests on a machine of 8 GB.
const defaultMemoryBytes = 3_000_000_000

// clickHouseXML is the whole configuration, users included: the file names itself as
// the file of the users (without users_config, the engine in the library knows only
// the user default). The engine would run as clickhouse-local does, so what a server
// has otherwise is set back: implicit_select, the introspection functions.
func clickHouseXML(cfg ClickHouseConfig, self string) []byte {
	memory := cfg.MemoryBytes
	if memory == 0 {
		memory = defaultMemoryBytes
	}
	return fmt.Appendf(nil, `<clickhouse>
  <users_config>%s</users_config>
  <log-level>warning</log-level>
  <logger><log>%s</log><errorlog>%s</errorlog></logger>
  <max_server_memory_usage>%d</max_server_memory_usage>
  <mark_cache_size>134217728</mark_cache_size>
  <primary_index_cache_size>134217728</primary_index_cache_size>
  <index_mark_cache_size>67108864</index_mark_cache_size>
  <text_index_tokens_cache_size>33554432</text_index_tokens_cache_size>
  <text_index_header_cache_size>33554432</text_index_header_cache_size>
  <text_index_postings_cache_size>67108864</text_index_postings_cache_size>
  <max_concurrent_queries>100</max_concurrent_queries>
  <background_pool_size>4</background_pool_size>
  <access_control_improvements>
    <users_without_row_policies_can_read_rows>true</users_without_row_policies_can_read_rows>
  </access_control_improvements>
%s
  <profiles>
    <default>
      <implicit_select>0</implicit_select>
      <allow_introspection_functions>0</allow_introspection_functions>
    </default>
%s
  </profiles>
  <quotas><default></default>
%s
  </quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </default>
%s
  </users>
</clickhouse>
`, escaped(self),
		escaped(filepath.Join(cfg.Dir, "server.log")), escaped(filepath.Join(cfg.Dir, "errors.log")),
		memory, cfg.Server, cfg.Profiles, cfg.Quotas, cfg.Users)
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer never fails
	return b.String()
}
