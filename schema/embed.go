package schema

import "embed"

// JSONSchemas holds the JSON Schemas (draft 2020-12) of the topics' values, as
// `access-event.schema.json` and so on.
//
//go:embed *.schema.json
var JSONSchemas embed.FS
