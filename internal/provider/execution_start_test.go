package provider

import (
	"net/http"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// What was answered to the start does not matter for how often it is sent.
func TestRunStartIsSentOnce(t *testing.T) {
	t.Parallel()
	const html = "<html><body>Bad Gateway</body></html>"
	for name, test := range map[string]struct {
		fault ccrmock.Fault
		begun bool
	}{
		"dropped before":         {ccrmock.Fault{Kind: ccrmock.FaultDropBefore}, false},
		"dropped after":          {ccrmock.Fault{Kind: ccrmock.FaultDropAfter}, true},
		"timed out before":       {ccrmock.Fault{Kind: ccrmock.FaultHangBefore}, false},
		"timed out after":        {ccrmock.Fault{Kind: ccrmock.FaultHangAfter}, true},
		"500 before":             {ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 500}, false},
		"500 after":              {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 500}, true},
		"502 with HTML before":   {ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: html}, false},
		"502 with HTML after":    {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 502, Body: html}, true},
		"503 without more":       {ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 503}, false},
		"200 cut short":          {ccrmock.Fault{Kind: ccrmock.FaultTruncateAfter}, true},
		"200 with HTML before":   {ccrmock.Fault{Kind: ccrmock.FaultBody, Body: html}, false},
		"200 with HTML after":    {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Body: html}, true},
		"200 that is no answer":  {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Body: "{}"}, true},
		"204 with nothing after": {ccrmock.Fault{Kind: ccrmock.FaultBodyAfter, Status: 204}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runInBubble(t, nil, func(t *testing.T, r *runTest) {
				r.CreateExecution(r.policy, ccrmock.Execution{Status: ccrmock.ExecutionSucceed})
				r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{}, ccrmock.ExecutionStep{Status: "Succeed", Counters: ccrmock.Counters{Total: 1, Succeed: 1}})
				test.fault.Path = startPath
				r.AddFault(test.fault)
				now, diags := r.create(nil)
				r.wantsStarts(1)
				if !test.begun {
					wantsError(t, diags, "Migration may have begun",
						"CCR gave no clear answer to the request to start policy \"web\" (id 1), and no new execution of it is listed",
						"Request: POST /v1/ccr/policies/1/start", "import it as 1/<execution id>")
					wantsGone(t, now)
					now, diags = r.create(nil)
				}
				wantsNone(t, diags)
				wantsState(t, now, fields{"id": "2", "status": "Succeed", "succeed": int64(1)})
			})
		})
	}
}

// What was provably not processed is sent again.
func TestRunStartIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ccrmock.Fault{
		"429":                  {Kind: ccrmock.FaultStatus, Status: 429},
		"503 with Retry-After": {Kind: ccrmock.FaultStatus, Status: 503, Header: http.Header{"Retry-After": {"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil, "cce/web:v1")
			fault.Path, fault.Times = startPath, 2
			r.AddFault(fault)
			_, diags := r.create(nil)
			wantsNone(t, diags)
			r.wantsStarts(3)
			if n := len(r.Executions(r.policy)); n != 1 {
				t.Errorf("there are %d executions", n)
			}
		})
	}
}

func TestRunStartIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(*runTest)
		summary string
		says    []string
	}{
		"disabled policy": {
			prepare: func(r *runTest) { r.UpdatePolicy(r.policy, func(p *ccrmock.Policy) { p.Disabled = true }) },
			summary: "Policy is disabled", says: []string{"Policy \"web\" (id 1) is disabled in CCR, so nothing was run", "HTTP status: 400", "enable the policy in the CCR console"},
		},
		"no such policy": {
			prepare: func(r *runTest) { r.DeletePolicy(r.policy) },
			summary: "Policy does not exist", says: []string{"CCR has no policy with the id 1, so nothing was run", "HTTP status: 404", "check policy_id"},
		},
		"forbidden": {
			prepare: func(r *runTest) {
				r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: startPath})
			},
			summary: "Migration was not started", says: []string{"Policy \"web\" (id 1) was not run.", "Code: AccessDenied", "permission for CCR"},
		},
		"throttled to the end": {
			prepare: func(r *runTest) {
				r.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 429, Path: startPath, Times: -1})
			},
			summary: "Migration was not started", says: []string{"HTTP status: 429", "requests_per_second"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunTest(t, nil)
			test.prepare(r)
			now, diags := r.create(nil)
			wantsError(t, diags, test.summary, test.says...)
			if now != nil || len(r.Executions(0)) > 0 {
				t.Error("something was left")
			}
		})
	}
}

func TestRunThatIsAcceptedAndNeverSeen(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Hidden: true})
	now, diags := r.create(nil)
	wantsError(t, diags, "Migration has begun and cannot be found",
		"CCR accepted the start of policy \"web\" (id 1), and no new execution of it is listed.", "ccr_executions (policy_id = \"1\")", "import it as 1/<execution id>; if not, apply again")
	wantsGone(t, now)
	r.wantsStarts(1)
}

// The list may be behind: the execution is looked for until it shows.
func TestRunThatShowsLate(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	hidden := ccrmock.ExecutionStep{Hidden: true}
	r.ScriptExecutions(r.policy, hidden, hidden, hidden, ccrmock.ExecutionStep{Status: "Succeed", Counters: ccrmock.Counters{Total: 1, Succeed: 1}})
	now, diags := r.create(nil)
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "1"})
}

// Somebody else starts the policy at the same time: the first is taken for ours.
func TestRunThatIsNotAlone(t *testing.T) {
	t.Parallel()
	r := startRunTest(t, nil)
	r.ScriptExecutions(r.policy, ccrmock.ExecutionStep{Hidden: true}, ccrmock.ExecutionStep{Status: "Succeed", Counters: ccrmock.Counters{Total: 1, Succeed: 1}})
	r.OnList(func(string, int) {
		if r.Count(http.MethodPost, startPath) == 1 && len(r.Executions(r.policy)) == 1 {
			r.CreateExecution(r.policy, ccrmock.Execution{})
		}
	})
	now, diags := r.create(nil)
	wantsNone(t, diags)
	wantsState(t, now, fields{"id": "1", "status": "Succeed"})
	r.wantsStarts(1)
}
