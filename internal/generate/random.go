package generate

import "math/bits"

// random is splitmix64 (Steele, Lea, Flood 2014): small, fast, and the same
// on every platform and in every Go release, which "same seed, same bytes"
// depends on.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// below returns a number in [0, n); n must be positive. The bias of the
// multiplication is below n/2^64.
func (r *random) below(n int) int {
	high, _ := bits.Mul64(r.next(), uint64(n))
	return int(high)
}

// between returns a number in [low, high].
func (r *random) between(low, high int) int { return low + r.below(high-low+1) }

// percent is true in p of a hundred cases.
func (r *random) percent(p int) bool { return r.below(100) < p }
