package provider

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// TestClockSkew: on a machine whose clock is off by hours everything works, by
// the server's time. One request is refused for it, and one warning says so.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"behind": 5 * time.Hour, "ahead": -5 * time.Hour, "a_day": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) {
				ctx, log := traced(t.Context())
				b.ScriptExecutions(0, lostSucceeded)
				w := newWorkspace(b, lostRegistry(lostSecret), lostPolicy("cce/web"), lostExecution(true))
				if r := w.apply(ctx); r.diags.failed() {
					t.Fatal(r)
				}
				refused := 0
				for _, r := range b.Requests() {
					if r.Status == http.StatusBadRequest {
						refused++
					}
				}
				if refused != 1 {
					t.Errorf("%d requests were refused, want 1", refused)
				}
				if n := strings.Count(log.String(), "clock is off"); n != 1 || !strings.Contains(log.String(), `"@level":"warn","@message":"This machine's clock`) {
					t.Errorf("%d warnings, want 1", n)
				}
				if r := w.plan(ctx); !r.clean() {
					t.Errorf("the plan after it is not empty: %s", r)
				}
			}, ccrmock.WithNow(func() time.Time { return time.Now().Add(skew) }))
		})
	}
}

// TestClockBeyondHelp: a server whose own time does not help is asked no more
// than once again, and the error says what to do.
func TestClockBeyondHelp(t *testing.T) {
	t.Parallel()
	for name, date := range map[string]string{"wrong": "Mon, 02 Jan 2006 15:04:05 GMT", "none": "", "no_date": "yesterday"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bubble) {
				b.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "RequestExpired", Header: http.Header{"Date": {date}}, Times: -1})
				r := newWorkspace(b, lostRegistry(lostSecret)).apply(t.Context())
				if text := r.diags.String(); !strings.Contains(text, "Code: RequestExpired") || !strings.Contains(text, "set this machine's clock") {
					t.Errorf("no clear error: %s", text)
				}
				if n := len(b.Requests()); n > 2 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}
