package provider

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func TestOutcome(t *testing.T) {
	t.Parallel()
	run := func(status string, total, succeed, failed, stopped, inProgress int64) client.Execution {
		return client.Execution{ID: 7, PolicyID: 3, Status: status, Total: total, Succeed: succeed, Failed: failed, Stopped: stopped, InProgress: inProgress}
	}
	for name, test := range map[string]struct {
		execution client.Execution
		summary   string // "" for a run that worked
		setting   string // the one that makes it a warning
	}{
		"all migrated":                {run("Succeed", 3, 3, 0, 0, 0), "", ""},
		"the other words for success": {run("SUCCESS", 1, 1, 0, 0, 0), "", ""},
		"failed":                      {run("Failed", 3, 1, 2, 0, 0), "Migration failed", "on_failure"},
		"failed before any image":     {run("Failed", 0, 0, 0, 0, 0), "Migration failed", "on_failure"},
		"success with a failed image": {run("Succeed", 3, 2, 1, 0, 0), "Migration failed", "on_failure"},
		"stopped":                     {run("Stopped", 3, 1, 0, 2, 0), "Migration was stopped", "on_failure"},
		"success with a stopped one":  {run("Succeed", 3, 2, 0, 1, 0), "Migration was stopped", "on_failure"},
		"an image unaccounted for":    {run("Succeed", 3, 2, 0, 0, 0), "Migration is not complete", "on_failure"},
		"more than there are":         {run("Succeed", 0, 2, 0, 0, 0), "Migration is not complete", "on_failure"},
		"nothing matched":             {run("Succeed", 0, 0, 0, 0, 0), "Migration matched no image", "on_empty"},
		"still running":               {run("InProgress", 3, 1, 0, 0, 2), "Migration has not finished", "never"},
		"failed and still running":    {run("Failed", 3, 1, 1, 0, 1), "Migration has not finished", "never"},
		"a status of its own":         {run("Paused", 3, 1, 0, 0, 0), "Migration has not finished", "never"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, onFailure := range onFailureValues {
				for _, onEmpty := range onFailureValues {
					found := executionKeeper.outcome(test.execution, inTest, onFailure, onEmpty)
					if test.summary == "" {
						if len(found) != 0 {
							t.Errorf("%s, %s: %v", onFailure, onEmpty, found)
						}
						continue
					}
					severity := diag.SeverityError
					if test.setting == "on_failure" && onFailure == policyContinue || test.setting == "on_empty" && onEmpty == policyContinue {
						severity = diag.SeverityWarning
					}
					if len(found) != 1 || found[0].Severity() != severity || found[0].Summary() != test.summary {
						t.Errorf("%s, %s: want %s %q, have %v", onFailure, onEmpty, severity, test.summary, found)
					}
				}
			}
		})
	}
}

func inTest(policy client.ID) string { return fmt.Sprintf("%q (id %s)", "web", policy) }

// The whole text of what a user reads when a migration did not work.
func TestOutcomeWords(t *testing.T) {
	t.Parallel()
	e := client.Execution{ID: 7, PolicyID: 3, Status: "Failed", StatusText: "cce/web:v1: no such image.", Total: 4, Succeed: 2, Failed: 2}
	wantText(t, executionKeeper.outcome(e, inTest, policyFail, policyFail)[0], `Migration failed

Execution 7 of policy "web" (id 3): Failed, 2 of 4 images migrated, 2 failed: cce/web:v1: no such image.

Next step: mend the cause (the source's URL and password are in ccr_registry, the images to migrate in the filters of ccr_migration_policy), then apply again.`)

	e = client.Execution{ID: 7, PolicyID: 3, Status: "Stopped", Total: 4, Succeed: 1, Stopped: 3}
	wantText(t, executionKeeper.outcome(e, inTest, policyFail, policyFail)[0], `Migration was stopped

Execution 7 of policy "web" (id 3): Stopped, 1 of 4 images migrated, 3 stopped. It was stopped by somebody or something else before it was done.

Next step: find out who stopped it, then apply again.`)

	e = client.Execution{ID: 7, PolicyID: 3, Status: "Succeed", StatusText: "no resources need to be replicated"}
	wantText(t, executionKeeper.outcome(e, inTest, policyFail, policyContinue)[0], `Migration matched no image

Execution 7 of policy "web" (id 3): Succeed, no image migrated: no resources need to be replicated.

Next step: compare the policy's filters with what the source registry holds, then apply with -replace to run the policy again.`)
}

func wantText(t *testing.T, d diag.Diagnostic, want string) {
	t.Helper()
	if have := d.Summary() + "\n\n" + d.Detail(); have != want {
		t.Errorf("have:\n%s\n\nwant:\n%s", have, want)
	}
}

func TestDescribeStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		execution client.Execution
		want      string
	}{
		{client.Execution{Status: "Succeed", Total: 3, Succeed: 3}, "Succeed, 3 of 3 images migrated"},
		{client.Execution{Status: "InProgress"}, "InProgress, no image migrated"},
		{client.Execution{Status: "InProgress", Total: 9, Succeed: 1, Failed: 2, Stopped: 3, InProgress: 3}, "InProgress, 1 of 9 images migrated, 2 failed, 3 stopped, 3 in progress"},
		{client.Execution{Status: "Failed", StatusText: "login refused. "}, "Failed, no image migrated: login refused"},
		{client.Execution{Status: "Wait\x1b[2Jing", StatusText: "a\nb\x00"}, `status "Wait [2Jing", which this provider does not know and takes for still going, no image migrated: a b`},
		{client.Execution{Status: "Succeed", Total: -5, Succeed: 1 << 62, Failed: -1}, "Succeed, 4611686018427387904 of -5 images migrated"},
	} {
		if have := describeStatus(test.execution); have != test.want {
			t.Errorf("%+v: %q, want %q", test.execution, have, test.want)
		}
	}
	long := describeStatus(client.Execution{Status: "Failed", StatusText: strings.Repeat("x", 1<<20)})
	if len(long) > 5000 {
		t.Errorf("a status text of a megabyte is told in %d bytes", len(long))
	}
}

// startErrors are what the client makes of the answers to a start.
func startErrors(t *testing.T, faults ...ccrmock.Fault) []error {
	t.Helper()
	m := startMock(t)
	endpoint, err := url.Parse(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(client.Config{Endpoint: endpoint, AccessKey: ccrmock.DefaultAccessKeyID, SecretKey: ccrmock.DefaultSecretAccessKey})
	var found []error
	for _, fault := range faults {
		m.AddFault(fault)
		found = append(found, c.StartPolicy(t.Context(), 3))
	}
	return found
}

// Whatever ends a run, the message says what happened, what goes on remotely,
// and one next step.
func TestKeeperDiagnosesEverything(t *testing.T) {
	t.Parallel()
	api := startErrors(t,
		ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied"},
		ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: "<html>Bad Gateway</html>"},
		ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 400, Message: "the policy is disabled"},
	)
	forbidden, html, refused := api[0], api[1], api[2]
	e := client.Execution{ID: 7, PolicyID: 3, Status: "InProgress", Total: 4, Succeed: 1, InProgress: 3}
	for _, k := range []keeper{executionKeeper, startKeeper} {
		for _, test := range []struct {
			err     error
			summary string
		}{
			{&notStartedError{fmt.Errorf("%w: %w", errNoPolicy, refused)}, "Policy does not exist"},
			{&notStartedError{fmt.Errorf("%w: %w", errDisabled, refused)}, "Policy is disabled"},
			{&notStartedError{errInterrupted}, "Migration was not started"},
			{&notStartedError{errStillGoing}, "Migration was not started"},
			{&notStartedError{forbidden}, "Migration was not started"},
			{&unseenError{}, "Migration has begun and cannot be found"},
			{&unseenError{look: forbidden}, "Migration has begun and cannot be found"},
			{&unseenError{lost: html}, "Migration may have begun"},
			{&unseenError{lost: html, look: forbidden}, "Migration may have begun"},
			{&runError{execution: e, err: errInterrupted}, "Waiting for the migration was interrupted"},
			{&runError{execution: e, err: errStillGoing}, "Migration did not finish in time"},
			{&runError{execution: e, err: errStillGoing, look: html}, "Migration did not finish in time"},
			{&runError{execution: e, err: errVanished}, "Migration vanished"},
			{&runError{execution: e, err: forbidden}, "Waiting for the migration failed"},
			{&runError{execution: e, err: errors.New("torn")}, "Waiting for the migration failed"},
		} {
			d := k.diagnose(3, inTest, test.err)
			if d.Summary() != test.summary || d.Severity() != diag.SeverityError {
				t.Errorf("%v: %s %q, want the error %q", test.err, d.Severity(), d.Summary(), test.summary)
			}
			detail := d.Detail()
			if strings.Count(detail, "Next step: ") != 1 || !strings.HasSuffix(detail, ".") || strings.Contains(detail, "..") || strings.Contains(detail, "%!") {
				t.Errorf("%v: %s", test.err, detail)
			}
			known := strings.HasPrefix(detail, `Execution 7 of policy "web" (id 3), when last seen: InProgress, 1 of 4 images migrated, 3 in progress.`)
			var run *runError
			if errors.As(test.err, &run) != known {
				t.Errorf("%v: names the execution: %t\n%s", test.err, known, detail)
			}
			goesOn := strings.Contains(detail, "It may go on in CCR")
			if want := known && !errors.Is(test.err, errVanished); goesOn != want {
				t.Errorf("%v: says that it goes on: %t, want %t\n%s", test.err, goesOn, want, detail)
			}
		}
	}
	d := executionKeeper.diagnose(3, inTest, errors.New("what nobody thought of"))
	if !strings.Contains(d.Detail(), "what nobody thought of") {
		t.Errorf("an unforeseen error is lost: %s", d.Detail())
	}
}

func TestKeeperWords(t *testing.T) {
	t.Parallel()
	html := startErrors(t, ccrmock.Fault{Kind: ccrmock.FaultBody, Status: 502, Body: "<html>Bad Gateway</html>"})[0]
	wantText(t, executionKeeper.diagnose(3, inTest, &unseenError{lost: html}), `Migration may have begun

CCR gave no clear answer to the request to start policy "web" (id 3), and no new execution of it is listed, so a run may or may not have begun. The request was sent once and is not repeated.

Server: the answer (application/json, 24 bytes) begins "<html>Bad Gateway</html>"
Request: POST /v1/ccr/policies/3/start
HTTP status: 502 Bad Gateway
Request id: 00000001-0000-4000-8000-000000000001

Next step: look at the policy's executions in the CCR console or with the data source ccr_executions (policy_id = "3"). If a new one is there, import it as 3/<execution id>; if not, apply again.`)

	e := client.Execution{ID: 7, PolicyID: 3, Status: "InProgress", Total: 4, Succeed: 1, InProgress: 3}
	wantText(t, executionKeeper.diagnose(3, inTest, &runError{execution: e, err: errStillGoing}), "Migration did not finish in time\n\n"+
		"Execution 7 of policy \"web\" (id 3), when last seen: InProgress, 1 of 4 images migrated, 3 in progress. The time set by timeouts.create was up.\n\n"+
		"It may go on in CCR; its id is kept in the state.\n\n"+
		"Next step: apply again, which stops this run if it still goes on and runs the policy again. To keep this run instead, run `terraform untaint` on the resource first; "+
		"the next apply then waits for it. Raise timeouts.create if runs of this policy take so long.")

	wantText(t, startKeeper.diagnose(3, inTest, &runError{execution: e, err: errInterrupted}), `Waiting for the migration was interrupted

Execution 7 of policy "web" (id 3), when last seen: InProgress, 1 of 4 images migrated, 3 in progress.

It may go on in CCR, and nothing here remembers it.

Next step: follow it with the data source ccr_executions (policy_id = "3"), or end it with the action ccr_stop_execution (policy_id = "3", execution_id = "7").`)
}
