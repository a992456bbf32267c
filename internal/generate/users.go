package generate

import "strconv"

// ring is where a user lives, and so where the user's data is kept.
type ring uint8

const (
	us ring = iota
	eu
	apac
)

// String is the prefix of the ring's datasets.
func (r ring) String() string { return [...]string{"us", "eu", "apac"}[r] }

// Users are numbered, and the number says everything about them: the last
// digit is the ring, and one in a thousand is protected. That keeps a hundred
// thousand users out of memory.
const (
	firstUser = 1_000
	lastUser  = 100_999

	protectedEvery = 997 // a prime, so that protected users fall into every ring
	protectedRest  = 516
)

// protectedGroups in the order in which protected users belong to them.
func protectedGroups() [4]string { return [4]string{"staff", "journalist", "official", "minor"} }

func ringOf(user int) ring {
	switch digit := user % 10; {
	case digit < 5:
		return us
	case digit < 8:
		return eu
	default:
		return apac
	}
}

// groupOf returns the protected group of a user, "" for nearly everybody.
func groupOf(user int) string {
	if user%protectedEvery != protectedRest {
		return ""
	}
	return protectedGroups()[user/protectedEvery%4]
}

// pickUser returns an unprotected user of a ring.
func (r *random) pickUser(home ring) int {
	digit := 0
	switch home {
	case us:
		digit = r.below(5)
	case eu:
		digit = 5 + r.below(3)
	case apac:
		digit = 8 + r.below(2)
	}
	user := firstUser + 10*r.below((lastUser+1-firstUser)/10) + digit
	if user%protectedEvery == protectedRest {
		user -= 10 // same ring, and never protected itself
		if user < firstUser {
			user += 20
		}
	}
	return user
}

// Protected is a user on the protected list.
type Protected struct {
	ID    string
	Group string
	ring  ring
}

// protectedUsers returns every protected user, by number.
func protectedUsers() []Protected {
	var all []Protected
	for user := firstUser; user <= lastUser; user++ {
		if group := groupOf(user); group != "" {
			all = append(all, Protected{ID: "u-" + strconv.Itoa(user), Group: group, ring: ringOf(user)})
		}
	}
	return all
}
