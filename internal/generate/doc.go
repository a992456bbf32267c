// Package generate makes the world of the made-up video platform Lumen and
// its traffic: access events that are the same bytes for the same seed.
//
// The world ([NewWorld]) is fixed: its staff, services, sites and protected
// users are what deploy/policy describes, and a test holds the two together.
// The traffic ([New]) is drawn from it: people read what their work needs, at
// their working hours, from where they sit, with tickets where the house asks
// for them; services do so around the clock. None of it breaks a rule of
// deploy/policy/rules. The story ([Story]) does: planted acts, each of which
// says which rules it must fire. [Poison] makes records that no decoder may
// accept, each with the reason it must be refused for.
//
// Events are written by appending, without reflection or allocation: about a
// microsecond each, so that a benchmark measures its subject and not this.
package generate
