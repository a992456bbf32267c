package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/fleet"
)

// Transactions that are committed, aborted and open, among records of none.
func TestTransactions(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		do := func(c *kgo.Client, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		send := func(c *kgo.Client, n int) { t.Helper(); do(c, c.ProduceSync(t.Context(), events(0, n)...).FirstErr()) }
		a, b := s.NewClient(kgo.TransactionalID(s.Name+"-a")), s.NewClient(kgo.TransactionalID(s.Name+"-b"))
		rows := uint64(0)
		for i := range 20 { // two at a time, one of them aborted, in turns
			ends := []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort}
			do(a, a.BeginTransaction())
			do(b, b.BeginTransaction())
			send(a, 7)
			send(b, 7)
			s.Send(events(0, 3)...)
			send(a, 2)
			do(a, a.EndTransaction(t.Context(), ends[i%2]))
			send(b, 2)
			do(b, b.EndTransaction(t.Context(), ends[1-i%2]))
			rows += 9 + 3
		}
		do(a, a.BeginTransaction()) // aborted, and nothing else
		send(a, 500)
		do(a, a.EndTransaction(t.Context(), kgo.TryAbort))
		s.work(rows)

		// What is behind the beginning of an open transaction waits for its end.
		do(a, a.BeginTransaction())
		send(a, 5)
		s.Send(events(0, 5)...)
		s.work(rows)
		w := s.Start("--only", "access")
		do(a, a.EndTransaction(t.Context(), kgo.TryCommit))
		s.Until(fleet.CountRows, rows+10)
		w.Stop(t)
		s.exact(rows + 10)
	})
}
