package source

import (
	"testing"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// contractEvent is the event of the contract, about 430 bytes.
const contractEvent = `{"id":"01JDD4V7M3ZK8Q","time":"2026-11-23T20:14:05.123Z","action":"query","outcome":"allowed","accessor":{"id":"e-1042","kind":"person","session":"s-9","device":"lt-77"},"origin":{"ip":"10.20.3.4","user_agent":"psql/16"},"resource":{"store":"profiles","region":"us-west-1","dataset":"users.sessions","fields":["ip","lat","lon"]},"subject":{"ids":["u-5501"],"count":1},"rows":1,"bytes":812,"purpose":{"kind":"support","ticket":"SUP-1881"}}`

func BenchmarkJSON(b *testing.B) {
	d, err := New(JSON, Config{})
	if err != nil {
		b.Fatal(err)
	}
	value, at := []byte(contractEvent), time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC)
	var ev schema.AccessEvent
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(value, at, &ev); err != nil {
			b.Fatal(err)
		}
	}
}
