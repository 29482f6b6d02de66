package provider

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// TestLostAnswerInTheDark loses the answer to a create or a start that
// happened, and every look for what it made. The error names it and says how to
// take it over, and that works.
func TestLostAnswerInTheDark(t *testing.T) {
	t.Parallel()
	for _, m := range mutations() {
		if m.unsettled == nil {
			continue
		}
		for _, l := range lostAnswers {
			if !l.processed {
				continue
			}
			t.Run(m.name+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bubble) { testInTheDark(t, b, m, l) })
			})
		}
	}
}

func testInTheDark(t *testing.T, b *bubble, m mutation, l lostAnswer) {
	ctx := t.Context()
	w := m.prepare(ctx, t, b)
	l.inject(b, m.method, m.path, false)
	b.transport.around = func(next http.Handler, rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && b.Count(m.method, m.path) > 0 {
			http.Error(rw, "dark", http.StatusBadGateway)
			return
		}
		next.ServeHTTP(rw, r)
	}
	r := w.apply(ctx)
	for _, part := range m.unsettled {
		if !r.diags.failed() || !strings.Contains(r.diags.String(), part) {
			t.Errorf("the error lacks %q: %s", part, r)
		}
	}
	if got := b.Count(m.method, m.path); got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
	b.transport.around = nil

	address, id := m.after[len(m.after)-1].address(), "name=hub"
	switch m.name {
	case "create_policy":
		id = "name=web"
	case "start":
		id = fmt.Sprintf("1/%d", b.Executions(1)[0].ID)
	}
	if r := w.importID(ctx, address, id); r.diags.failed() {
		t.Fatal(r)
	}
	if r := w.apply(ctx); r.diags.failed() {
		t.Fatal(r)
	}
	noMoreThanOne(t, b)
	if last := w.plan(ctx); !last.clean() {
		t.Errorf("the plan after it is not empty: %s", last)
	}
	for _, fault := range w.disagreements() {
		t.Error(fault)
	}
}

// TestLostUpdateTakenBack declares again what was there before an update whose
// answer was lost: what CCR does not tell, the secret and the filters, must not
// stay as the lost update left it.
func TestLostUpdateTakenBack(t *testing.T) {
	t.Parallel()
	for _, m := range mutations() {
		if !strings.HasPrefix(m.name, "update") {
			continue
		}
		for _, l := range lostAnswers {
			t.Run(m.name+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bubble) {
					ctx := t.Context()
					w := m.prepare(ctx, t, b)
					l.inject(b, m.method, m.path, true)
					if r := w.apply(ctx); !r.diags.failed() {
						t.Fatal(r)
					}
					b.heal()
					w.config = m.before
					if r := w.apply(ctx); r.diags.failed() {
						t.Fatal(r)
					}
					if last := w.plan(ctx); !last.clean() {
						t.Errorf("the plan after it is not empty: %s", last)
					}
					for _, fault := range w.disagreements() {
						t.Error(fault)
					}
				})
			})
		}
	}
}

// TestExecutionKnownBeforeWait: the run is told of its execution before it
// waits, and does not wait when that cannot be kept.
func TestExecutionKnownBeforeWait(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		m := mutations()[6]
		m.prepare(t.Context(), t, b)
		runner := newExecutionRunner(b.client(), b.world)
		broken := errors.New("no state")
		told := 0
		_, err := runner.run(t.Context(), run{policy: 1, wait: true, started: func(e client.Execution) error {
			told++
			return broken
		}})
		if told != 1 || !errors.Is(err, broken) {
			t.Errorf("told %d times, and the run ended with %v", told, err)
		}
		if n := b.Count(http.MethodGet, "/v1/ccr/executions"); n != 2 {
			t.Errorf("%d looks, want one before the start and one after", n)
		}
	})
}

// TestRunsOfOnePolicyAreTwo: a list that leaves out the run before does not
// make the next one the same.
func TestRunsOfOnePolicyAreTwo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		b.ScriptExecutions(0, ccrmock.ExecutionStep{}, ccrmock.ExecutionStep{Hidden: true}, lostSucceeded)
		w := mutations()[6].prepare(t.Context(), t, b)
		another := lostExecution(false)
		another.label = "y"
		w.config = append(w.config[:2:2], lostExecution(false), another)
		if r := w.apply(t.Context()); r.diags.failed() {
			t.Fatal(r)
		}
		if x, y := w.state["ccr_policy_execution.x"].text("id"), w.state["ccr_policy_execution.y"].text("id"); x == y {
			t.Errorf("both are execution %s", x)
		}
	})
}

// TestCreatedByOthersMeanwhile: somebody creates the same object after it was
// looked for and before ours is sent, which is refused with an answer that is
// lost. By its time it is not ours; only one of the same moment could be.
func TestCreatedByOthersMeanwhile(t *testing.T) {
	t.Parallel()
	for _, m := range mutations() {
		if !strings.HasPrefix(m.name, "create") {
			continue
		}
		for name, earlier := range map[string]time.Duration{"a_minute_before": time.Minute, "at_once": 0} {
			t.Run(m.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bubble) {
					ctx := t.Context()
					w := m.prepare(ctx, t, b)
					b.transport.around = func(next http.Handler, rw http.ResponseWriter, r *http.Request) {
						if matchesPath(r, m.method, m.path) {
							at := time.Now().Add(-earlier)
							b.CreateRegistry(ccrmock.Registry{Name: "hub", Type: "harbor", URL: "http://127.0.0.1:1", CreationTime: at})
							b.CreatePolicy(ccrmock.Policy{Name: "web", SrcRegistryID: 1, DestProjectName: "public", CreationTime: at})
						}
						next.ServeHTTP(rw, r)
					}
					b.AddFault(ccrmock.Fault{Kind: ccrmock.FaultDropAfter, Method: m.method, Path: m.path})
					r := w.apply(ctx)
					adopted := w.state[m.after[len(m.after)-1].address()] != nil
					if adopted != (earlier == 0) || r.diags.failed() == adopted {
						t.Errorf("adopted: %t, %s", adopted, r)
					}
					if text := r.diags.String(); earlier > 0 && (!strings.Contains(text, "before this was sent") || !strings.Contains(text, "terraform import ")) {
						t.Errorf("the error does not say whose it is and how to import it: %s", text)
					}
				})
			})
		}
	}
}
