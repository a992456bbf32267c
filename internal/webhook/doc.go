// Package webhook hands notifications to HTTP endpoints, signed as Standard
// Webhooks (https://www.standardwebhooks.com).
//
// [Client.Send] makes one attempt and returns an [Answer]. [Judge] says what an
// answer means, and [Backoff] how long to wait before the next attempt: both
// are pure. Whoever retries is consumers/notify.
//
// An endpoint is outside the company and not trusted: its redirects are not
// followed, no more than a little of its body is read, it gets a few seconds,
// and an address inside the network is not dialled unless it was allowed
// (see [Guard]). No error of this package holds a URL's path, query or user
// info, a secret, or anything that the endpoint said.
package webhook
