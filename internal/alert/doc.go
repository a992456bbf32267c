// Package alert turns matches into alerts, and alerts into incidents.
//
// It is pure: no clock, no network, no goroutine. [New] makes the alert of one
// event that a rule matched. [OnAlert] and [OnTick] decide what becomes of an
// incident; they are given its state, what happened and the time, and return
// the new state, what to publish, and a [Reason]. Whoever calls them
// (consumers/incident) makes the outcome durable.
//
// Everything that leaves has an id that a replay makes again:
//
//	alert         hash of rule and source position   [ID]
//	incident      keyed hash of its key and how often it was opened  [Identity.IncidentID]
//	change        incident and sequence
//	notification  incident and sequence; becomes the webhook's id
//
// An alert that an incident has seen is dropped. See [Seen] for how far back
// that reaches.
package alert
