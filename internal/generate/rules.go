package generate

import "slices"

// Ids of the rules of deploy/policy/rules; a test holds both together.
const (
	RuleRestricted   = "011d8b52-6b0e-4c47-9d5f-7a3c6e2f9a14" // residents' data reached under a restricted jurisdiction
	RuleWhereabouts  = "025e7f90-1c3a-4b8d-8e26-4d0b95c7a3f1" // sensitive categories from an unknown or anonymised location
	RuleJournalist   = "0397c2d4-58ab-4f60-b1e9-c6f20a7d845b" // a journalist's location, contacts, messages or viewing
	RuleOfficial     = "04b0e6a8-93d1-4275-ac7e-18f5d2c93e60" // an official's data
	RuleMinor        = "05f3a17c-2e84-49bb-9a05-e7d4186c0b92" // a minor's data, by a person
	RuleStaff        = "06a84d1e-7f39-4c02-8b5d-3e9c07f6d215" // colleagues look up staff
	RuleOnBehalf     = "07d25b39-e4c6-4a1f-b870-925af3e18c47" // somebody cleared for somebody restricted
	RuleNoClearance  = "086c90f7-4ad2-4e35-91c8-b3d7e5f2601a" // silo data without its clearance
	RuleSiloLeft     = "09e14c63-b58f-4d97-a20e-6f81c7d3594b" // silo data exported, copied, shared or misplaced
	RuleAlgorithm    = "10f8d3a5-0c7b-4269-8de4-a95b13e7f06c" // ranking code, models, features
	RuleDisclosure   = "11a79be0-d652-48f3-b3c1-05e8f6d4927a" // disclosure without a ticket, or to a restricted authority
	RuleIntimate     = "12c3e8f4-69a1-4b50-8f7d-d27b40a5e936" // keystrokes, biometrics, message content, by a person
	RuleUnclassified = "13d6074b-af28-4c9e-9b13-7e50c8f2a1d4" // unclassified data in bulk
	RuleNoPurpose    = "1495af1d-c0e7-4d3b-a6f8-2b9e71d05c83" // protected subjects without purpose or ticket
	RuleGhost        = "15b8c6e2-37f4-4a0d-8d92-f1e6a35b70c8" // a departed or unknown accessor

	// Over time.
	RuleSourceHunting = "177abed5-658e-430d-8569-80bb0977e471" // a journalist's location and staff's, by one accessor
	RuleExported      = "193d9d20-48ec-4042-9e19-cfdf06744ffa" // people exported in bulk by one person in a day
)

// rules returns ids in ascending order, as events carry them.
func rules(ids ...string) []string {
	slices.Sort(ids)
	return ids
}
