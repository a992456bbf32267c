// Package clickhouse carries the users and roles that the ClickHouse of a
// deployment needs: roles.sql for a server of one's own, users.xml for the
// embedded one of the demo and the tests.
package clickhouse

import (
	_ "embed" // users.xml
	"strings"
)

//go:embed users.xml
var usersXML string

// Users returns the elements of users.xml for the part <users> of a server's
// configuration.
func Users() string {
	_, inner, _ := strings.Cut(usersXML, "<users>")
	inner, _, _ = strings.Cut(inner, "</users>")
	return inner
}
