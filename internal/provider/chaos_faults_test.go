package provider

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"sync"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// lostLists are ways in which only a list goes wrong: none may look empty.
var lostLists = []lostAnswer{
	{name: "401", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "Unauthorized"}},
	{name: "403", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied"}},
	{name: "404", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "NotFound"}},
	{name: "no_list", fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Body: `{}`}},
	{name: "null_list", fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Body: `{"result":null,"totalCount":3}`}},
	{name: "short_list", fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Body: `{"result":[],"totalCount":1}`}},
}

// schedule has requests go wrong by the seed. Requests come one at a time, so
// that a seed meets the same ones again.
type schedule struct {
	b *bubble

	mu       sync.Mutex
	rng      *rand.Rand
	rate     float64 // of requests that go wrong
	cancelIn int     // the request that the user interrupts, counted down
	cancel   context.CancelFunc
	requests int
	faults   int
	// creates counts the requests that may have created something, by path.
	creates map[string]int
	// starting is called before an execution is started.
	starting func()
}

func newSchedule(b *bubble, rng *rand.Rand) *schedule {
	s := &schedule{b: b, rng: rng, creates: map[string]int{}}
	b.transport.refuse = s.refuse
	b.transport.around = s.serve
	return s
}

// begin sets what one command meets. The context ends with the interrupt.
func (s *schedule) begin(ctx context.Context, rate float64, cancelIn int) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, s.cancel = context.WithCancel(ctx)
	s.rate, s.cancelIn = rate, cancelIn
	clear(s.creates)
	return ctx
}

func (s *schedule) refuse(*http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rng.Float64() >= s.rate/10 {
		return false
	}
	s.requests++
	s.faults++
	return true
}

func (s *schedule) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	l, wrong, interrupt := s.draw(r)
	if wrong {
		l.fault.Method, l.fault.Path = r.Method, r.URL.Path
		defer s.b.RemoveFault(s.b.AddFault(l.fault))
	}
	if interrupt {
		s.cancel()
	}
	if ok, _ := path.Match("/v1/ccr/policies/*/start", r.URL.Path); ok && (!wrong || l.processed) {
		s.starting()
	}
	next.ServeHTTP(w, r)
}

func (s *schedule) draw(r *http.Request) (l lostAnswer, wrong, interrupt bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	s.cancelIn--
	switch {
	case s.cancelIn == 0:
		// Whether it was processed or not, its answer does not come: an answer
		// and an interrupt at once would be a race.
		wrong, interrupt = true, true
		l = pick(s.rng, slices.DeleteFunc(slices.Clone(lostAnswers), func(l lostAnswer) bool {
			return l.fault.Kind != ccrmock.FaultHangBefore && l.fault.Kind != ccrmock.FaultHangAfter
		}))
	case s.rng.Float64() < s.rate, r.Method != http.MethodGet && s.rng.Float64() < s.rate:
		wrong = true
		kinds := lostAnswers[1:] // less the refused connection
		if r.Method == http.MethodGet {
			kinds = slices.Concat(kinds, lostLists)
		}
		l = pick(s.rng, kinds)
	}
	if wrong {
		s.faults++
	}
	if r.Method == http.MethodPost && !l.declined {
		s.creates[r.URL.Path]++
	}
	return l, wrong, interrupt
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
