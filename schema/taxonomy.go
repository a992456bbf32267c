package schema

// Category is one kind of data: what the fields of a dataset hold.
type Category struct {
	Name string
	Doc  string // one line
}

// Unclassified is the category of data that nothing in the catalog fits.
const Unclassified = "unclassified"

// Taxonomy returns the default categories, in documentation order. Operators
// extend it in their catalog. The caller owns the slice.
func Taxonomy() []Category {
	return []Category{
		{"identity.name", "names, user names, handles"},
		{"identity.age", "age, date of birth"},
		{"contact.phone", "telephone numbers"},
		{"contact.email", "e-mail addresses"},
		{"device", "device ids, models, advertising ids"},
		{"network", "carrier, connection, network identifiers other than addresses"},
		{"location.precise", "coordinates, as from GPS"},
		{"location.ip", "IP addresses, and places derived from them"},
		{"keystroke", "keystroke patterns and rhythms"},
		{"message", "content of private messages"},
		{"biometric.face", "face prints and what they are computed from"},
		{"biometric.voice", "voice prints and what they are computed from"},
		{"behaviour.viewing", "what somebody watched, and for how long"},
		{"behaviour.interest", "likes, dislikes, inferred interests"},
		{"financial", "payments, accounts, cards"},
		{"health", "health, and what tells of it"},
		{"government_id", "numbers and images of passports, licences and the like"},
		{"algorithm", "ranking code, models, features"},
		{Unclassified, "nothing in the catalog fits: counted, and can be alerted on"},
	}
}
