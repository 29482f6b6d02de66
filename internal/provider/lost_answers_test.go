package provider

import (
	"context"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// lostAnswer is one way in which a request of a mutation goes wrong.
type lostAnswer struct {
	name string
	// fault is what the server does; without a kind the connection is refused.
	fault ccrmock.Fault
	// processed says that the server did what was asked for, declined that it
	// provably did not, unreadable that it answers 200 with something else.
	processed, declined, unreadable bool
}

const gatewayPage = "<html><body><h1>502 Bad Gateway</h1></body></html>"

var (
	htmlHeader = http.Header{"Content-Type": {"text/html"}}

	lostAnswers = []lostAnswer{
		{name: "refused", declined: true},
		{name: "drop_before", fault: ccrmock.Fault{Kind: ccrmock.FaultDropBefore}},
		{name: "drop_after", fault: ccrmock.Fault{Kind: ccrmock.FaultDropAfter}, processed: true},
		{name: "hang_before", fault: ccrmock.Fault{Kind: ccrmock.FaultHangBefore}},
		{name: "hang_after", fault: ccrmock.Fault{Kind: ccrmock.FaultHangAfter}, processed: true},
		{name: "500_before", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError"}},
		{name: "500_after", fault: ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 500, Body: `{"code":"InternalError","message":"oops"}`}, processed: true},
		{name: "502_html_before", fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: gatewayPage, Header: htmlHeader}},
		{name: "502_html_after", fault: ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 502, Body: gatewayPage, Header: htmlHeader}, processed: true},
		{name: "503_before", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 503}},
		{name: "503_after", fault: ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 503}, processed: true},
		{name: "503_retry_after", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 503, Header: http.Header{"Retry-After": {"7"}}}, declined: true},
		{name: "429", fault: ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 429}, declined: true},
		{name: "truncated", fault: ccrmock.Fault{Kind: ccrmock.FaultTruncateAfter}, processed: true},
		{name: "not_json_before", fault: ccrmock.Fault{Kind: ccrmock.FaultBody, Body: gatewayPage, Header: htmlHeader}, unreadable: true},
		{name: "not_json_after", fault: ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Body: gatewayPage, Header: htmlHeader}, processed: true, unreadable: true},
		{name: "empty_after", fault: ccrmock.Fault{Kind: ccrmock.FaultBodyAfter}, processed: true, unreadable: true},
	}
)

// inject has the requests that match go wrong, once or until healed.
func (l lostAnswer) inject(b *bubble, method, path string, lasting bool) {
	if l.fault.Kind == "" {
		left := 1
		b.transport.refuse = func(r *http.Request) bool {
			if !matchesPath(r, method, path) || left == 0 {
				return false
			}
			if !lasting {
				left--
			}
			return true
		}
		return
	}
	fault := l.fault
	fault.Method, fault.Path = method, path
	if lasting {
		fault.Times = -1
	}
	b.AddFault(fault)
}

func (b *bubble) heal() {
	b.ClearFaults()
	b.transport.refuse = nil
}

// mutation is one request that changes something, and how it comes about.
type mutation struct {
	name         string
	method, path string
	// before is the configuration that is applied first, after the one whose
	// apply makes the mutation.
	before, after []block
	// repeatable says that the client may send it again whatever happened.
	repeatable bool
	// unsettled is what the error says when it may or may not have happened.
	unsettled []string
}

const (
	lostSecret    = "lost-access-s3cr3t"
	lostNewSecret = "lost-new-access-s3cr3t"
)

// lostRegistry and lostPolicy differ in what the API does not tell.
func lostRegistry(secret string) block {
	return block{"ccr_registry", "a", fields{
		"name": "hub", "type": "harbor", "url": "http://127.0.0.1:1",
		"credential": fields{"access_key": "puller", "access_secret": secret},
	}}
}

func lostPolicy(image string) block {
	return block{"ccr_migration_policy", "p", fields{
		"name": "web", "src_registry_id": ref("ccr_registry.a"), "dest_project_name": "public",
		"filters": []fields{{"type": "name", "value": image}},
	}}
}

func lostExecution(wait bool) block {
	return block{"ccr_policy_execution", "x", fields{"policy_id": ref("ccr_migration_policy.p"), "wait_for_completion": wait}}
}

func mutations() []mutation {
	registry, policy := lostRegistry(lostSecret), lostPolicy("cce/web")
	return []mutation{
		{
			name: "create_registry", method: http.MethodPost, path: "/v1/ccr/registries", after: []block{registry},
			unsettled: []string{`the registry "hub"`, "terraform import ccr_registry.<label> 'name=hub'"},
		},
		{
			name: "update_registry", method: http.MethodPut, path: "/v1/ccr/registries", repeatable: true,
			before: []block{registry}, after: []block{lostRegistry(lostNewSecret)},
		},
		{
			name: "delete_registry", method: http.MethodDelete, path: "/v1/ccr/registries/*", repeatable: true,
			before: []block{registry},
		},
		{
			name: "create_policy", method: http.MethodPost, path: "/v1/ccr/policies", before: []block{registry}, after: []block{registry, policy},
			unsettled: []string{`the policy "web"`, "terraform import ccr_migration_policy.<label> 'name=web'"},
		},
		{
			name: "update_policy", method: http.MethodPut, path: "/v1/ccr/policies", repeatable: true,
			before: []block{registry, policy}, after: []block{registry, lostPolicy("cce/api")},
		},
		{
			name: "delete_policy", method: http.MethodDelete, path: "/v1/ccr/policies/*", repeatable: true,
			before: []block{registry, policy}, after: []block{registry},
		},
		{
			name: "start", method: http.MethodPost, path: "/v1/ccr/policies/*/start",
			before: []block{registry, policy}, after: []block{registry, policy, lostExecution(true)},
			unsettled: []string{"request to start policy", "may or may not have begun", "ccr_executions", "import it as 1/<execution id>"},
		},
		{
			name: "stop", method: http.MethodPost, path: "/v1/ccr/executions/*/stop",
			before: []block{registry, policy, lostExecution(false)}, after: []block{registry, policy},
		},
	}
}

// prepare applies what is there before the mutation.
func (m mutation) prepare(ctx context.Context, t *testing.T, b *bubble) *workspace {
	t.Helper()
	switch m.name {
	case "start":
		b.ScriptExecutions(0, ccrmock.ExecutionStep{}, lostSucceeded)
	case "stop":
		b.ScriptExecutions(0, ccrmock.ExecutionStep{UntilStop: true}, ccrmock.ExecutionStep{Status: ccrmock.ExecutionStopped, Ended: true})
	}
	w := newWorkspace(b, m.before...)
	if r := w.apply(ctx); r.diags.failed() {
		t.Fatal(r)
	}
	w.config = m.after
	b.ResetJournal()
	return w
}

var lostSucceeded = ccrmock.ExecutionStep{
	Status: ccrmock.ExecutionSucceed, Counters: ccrmock.Counters{Total: 1, Succeed: 1}, Ended: true,
}

// TestLostAnswers has each mutation go wrong in each way, once and as long as
// it is tried. Whatever happens there is one object or none, and one more
// apply makes state and server agree.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for _, l := range lostAnswers {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					inBubble(t, func(t *testing.T, b *bubble) { testLostAnswer(t, b, m, l, false) })
				})
				t.Run(l.name+"_lasting", func(t *testing.T) {
					t.Parallel()
					inBubble(t, func(t *testing.T, b *bubble) { testLostAnswer(t, b, m, l, true) })
				})
			}
		})
	}
}

func testLostAnswer(t *testing.T, b *bubble, m mutation, l lostAnswer, lasting bool) {
	ctx, log := traced(t.Context())
	w := m.prepare(ctx, t, b)
	l.inject(b, m.method, m.path, lasting)
	r := w.apply(ctx)
	if want := m.fails(l, lasting); r.diags.failed() != want {
		t.Fatalf("the apply failed: %t, want %t: %s", r.diags.failed(), want, r)
	}
	if got, want := b.Count(m.method, m.path), m.requests(l, lasting); got != want && !m.stopsOnAndOn(l, lasting) {
		t.Errorf("%d requests arrived, want %d", got, want)
	}
	if r.diags.failed() && !l.declined {
		for _, part := range m.unsettled {
			if !strings.Contains(r.diags.String(), part) {
				t.Errorf("the error lacks %q: %s", part, r.diags)
			}
		}
	}
	noMoreThanOne(t, b)

	b.heal()
	again := w.apply(ctx)
	if again.diags.failed() {
		t.Fatalf("the next apply failed: %s", again)
	}
	noMoreThanOne(t, b)
	if last := w.plan(ctx); !last.clean() {
		t.Errorf("the plan after it is not empty: %s", last)
	}
	for _, fault := range w.disagreements() {
		t.Error(fault)
	}
	for _, secret := range []string{lostSecret, lostNewSecret, ccrmock.DefaultSecretAccessKey, "bce-auth-v1/"} {
		if strings.Contains(log.String()+r.String()+again.String(), secret) {
			t.Errorf("%q is in the log or in an error", secret)
		}
	}
}

func noMoreThanOne(t *testing.T, b *bubble) {
	t.Helper()
	if r, p, e := len(b.Registries()), len(b.Policies()), len(b.Executions(0)); r > 1 || p > 1 || e > 1 {
		t.Errorf("the server holds %d registries, %d policies and %d executions", r, p, e)
	}
}

// fails reports whether the apply that meets the fault is to fail.
func (m mutation) fails(l lostAnswer, lasting bool) bool {
	switch {
	case m.name == "stop":
		return lasting && !l.processed
	case !m.repeatable:
		return !l.processed && (lasting || !l.declined)
	case strings.HasPrefix(m.name, "delete") && l.fault.Kind == ccrmock.FaultTruncateAfter:
		return false // the second is answered 404, of which the status arrives
	}
	return lasting || l.unreadable
}

// requests is how many of the mutation's requests reach the server.
func (m mutation) requests(l lostAnswer, lasting bool) int {
	const most = 1 + client.DefaultMaxRetries
	lost := 1
	if l.fault.Kind == "" {
		lost = 0
	}
	switch repeated := m.repeatable && !l.unreadable || l.declined; {
	case repeated && lasting:
		return most * lost
	case repeated:
		return lost + 1
	case m.name == "stop" && !l.processed:
		return 2
	}
	return 1
}

// stopsOnAndOn reports a stop that is lost again and again: it is sent as
// often as the time-out allows.
func (m mutation) stopsOnAndOn(l lostAnswer, lasting bool) bool {
	return m.name == "stop" && lasting && !l.processed && !l.declined
}

func matchesPath(r *http.Request, method, pattern string) bool {
	ok, err := path.Match(pattern, r.URL.Path)
	return err == nil && ok && r.Method == method
}
