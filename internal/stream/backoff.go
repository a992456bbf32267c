package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	backoffFirst = 50 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// backoff is the pause before a retry: doubling from 50 ms to 5 s, with a
// quarter of jitter so that a fleet does not retry in step.
func backoff(attempt int) time.Duration {
	pause := backoffMost
	if attempt < 7 {
		pause = min(backoffFirst<<attempt, backoffMost)
	}
	return pause - time.Duration(rand.Int64N(int64(pause/4)))
}

// wait pauses, unless ctx ends first.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Retry calls do until it succeeds, fails fatally, or ctx ends; tell hears of
// every failure that is going to be retried.
func Retry(ctx context.Context, tell func(error), do func(context.Context) error) error {
	for attempt := 0; ; attempt++ {
		err := do(ctx)
		if err == nil || IsFatal(err) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		tell(err)
		if err := wait(ctx, backoff(attempt)); err != nil {
			return err
		}
	}
}

// again asks until there is an answer, as [Retry] does.
func again[T any](ctx context.Context, cfg GroupConfig, ask func(context.Context) (T, error)) (answer T, err error) {
	tell := func(err error) {
		cfg.Log.Warn().Err(err).Str("group", cfg.Group).Msg("cannot start on the assigned partitions yet, trying again")
	}
	err = Retry(ctx, tell, func(ctx context.Context) error {
		answer, err = ask(ctx)
		return err
	})
	return answer, err
}
