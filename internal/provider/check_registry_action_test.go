package provider

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const (
	kindCheckRegistry = "ccr_check_registry"
	registriesPath    = "/v1/ccr/registries"
	probeSecret       = "pr0be-s3cr3t"
)

// checkTest is a provider, a mock and a source that a registry may point to.
type checkTest struct {
	*testMock
	*protocol
	t      *testing.T
	source *testSource
}

func startCheckTest(t *testing.T) *checkTest {
	t.Helper()
	c := &checkTest{testMock: startMock(t), t: t, source: startSource(t)}
	c.protocol = c.testMock.protocol(t, quickWorld(), nil)
	return c
}

// check invokes the action; no message holds a secret, ever.
func (c *checkTest) check(config fields) ([]string, diagnostics) {
	c.t.Helper()
	said, diags := c.invoked(c.t.Context(), kindCheckRegistry, config, nil)
	for _, secret := range []string{probeSecret, sourcePassword, ccrmock.DefaultSecretAccessKey} {
		if text := strings.Join(said, "\n") + diags.String(); strings.Contains(text, secret) {
			c.t.Errorf("a secret is told:\n%s", text)
		}
	}
	return said, diags
}

// inline is a registry that does not exist.
func (c *checkTest) inline(more fields) fields {
	registry := fields{"name": "probe", "type": "docker-registry", "url": c.source.URL, "access_key": sourceUser, "access_secret": sourcePassword}
	maps.Copy(registry, more)
	return fields{"registry": registry}
}

func (c *checkTest) holds(want int) {
	c.t.Helper()
	if have := c.Registries(); len(have) != want {
		c.t.Errorf("the account holds %d registries, want %d", len(have), want)
	}
}

func TestCheckRegistryByID(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.CreateRegistry(ccrmock.Registry{Name: "good", URL: c.source.URL, AccessKey: sourceUser, AccessSecret: sourcePassword})
	c.CreateRegistry(ccrmock.Registry{Name: "bad", URL: c.source.URL, AccessKey: sourceUser, AccessSecret: probeSecret})

	said, diags := c.check(fields{"registry_id": "1"})
	wantsNone(t, diags)
	wantsSaid(t, said, `Registry "good" (id 1) is healthy`)

	said, diags = c.check(fields{"registry_id": "2"})
	wantsError(t, diags, "Registry is not healthy", `CCR could not use the registry "bad" (id 2)`, c.source.URL, "Next step: check the URL")
	wantsSaid(t, said)

	said, diags = c.check(fields{"registry_id": "99"})
	wantsError(t, diags, "Registry does not exist", "CCR has no registry with the id 99.", "ccr_registries")
	wantsSaid(t, said)

	for _, body := range c.bodies(http.MethodPost, "registries") {
		if body != `{"id":1}` && body != `{"id":2}` {
			t.Errorf("%s was sent, which can create", body)
		}
	}
	c.holds(2)
}

func TestCheckRegistryByIDFails(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.CreateRegistry(ccrmock.Registry{Name: "good", URL: c.source.URL})
	c.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Method: http.MethodPost})
	_, diags := c.check(fields{"registry_id": "1"})
	wantsError(t, diags, "Checking the registry failed", "Could not ask CCR whether it reaches the registry with the id 1.", "Code: AccessDenied", "Next step: give the owner")
}

// A server that keeps to its documentation checks and creates nothing.
func TestCheckRegistryInline(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.TreatNextFullBodyAsCheck(2)
	said, diags := c.check(c.inline(nil))
	wantsNone(t, diags)
	wantsSaid(t, said, fmt.Sprintf(`Registry "probe" at %s is healthy`, c.source.URL))

	said, diags = c.check(c.inline(fields{"access_secret": probeSecret}))
	wantsError(t, diags, "Registry is not healthy", `CCR could not use the registry "probe"`, `the user "puller"`, "Next step: check the URL")
	wantsSaid(t, said)
	if n := c.Count(http.MethodPost, registriesPath); n != 2 {
		t.Errorf("%d checks were sent, want 2", n)
	}
	if n := c.Count(http.MethodDelete, ""); n != 0 {
		t.Errorf("%d deletions were sent", n)
	}
	c.holds(0)
}

// A server that takes the check for a create has it undone at once.
func TestCheckRegistryInlineCreates(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ccrmock.Fault{
		"and answers":                {},
		"and the answer is lost":     {Kind: ccrmock.FaultDropAfter, Method: http.MethodPost},
		"and a gateway answers":      {Kind: ccrmock.FaultBodyAfter, Status: 502, Body: "<html>Bad Gateway</html>", Method: http.MethodPost},
		"and the answer is cut off":  {Kind: ccrmock.FaultTruncateAfter, Method: http.MethodPost},
		"and the deletion is slow":   {Kind: ccrmock.FaultStatus, Status: 503, Method: http.MethodDelete, Times: 2},
		"and the deletion is silent": {Kind: ccrmock.FaultDropAfter, Method: http.MethodDelete},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCheckTest(t)
			if fault.Kind != "" {
				c.AddFault(fault)
			}
			said, diags := c.check(c.inline(nil))
			wantsError(t, diags, "CCR cannot check a registry that does not exist",
				`CCR took the check of the registry "probe" for a request to create it, and created it with the id 1. It was deleted at once, and nothing was checked.`,
				"require_healthy = true")
			wantsSaid(t, said)
			if n := c.Count(http.MethodPost, registriesPath); n != 1 {
				t.Errorf("%d checks were sent, want 1", n)
			}
			c.holds(0)
		})
	}
}

// What an interrupt must not leave behind.
func TestCheckRegistryInlineInterrupted(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	fault := c.AddFault(ccrmock.Fault{Kind: ccrmock.FaultHangAfter, Method: http.MethodPost})
	done := make(chan diagnostics)
	go func() {
		_, diags := c.invoked(t.Context(), kindCheckRegistry, c.inline(nil), nil)
		done <- diags
	}()
	if err := c.WaitFault(t.Context(), fault, 1); err != nil {
		t.Fatal(err)
	}
	c.interrupt(t.Context())
	wantsError(t, <-done, "CCR cannot check a registry that does not exist", "It was deleted at once")
	c.holds(0)
}

func TestCheckRegistryInlineCannotUndo(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Method: http.MethodDelete, Times: -1})
	_, diags := c.check(c.inline(nil))
	wantsError(t, diags, "Checking created a registry that could not be deleted",
		`CCR took the check of the registry "probe" for a request to create it, and created it with the id 1. Deleting it again failed.`,
		"Code: AccessDenied", "Request: DELETE /v1/ccr/registries/1",
		`Next step: delete the registry "probe" (id 1) in the CCR console; it holds the password that was to be checked.`)
	c.holds(1)
}

// It cannot be said whether the server created anything.
func TestCheckRegistryInlineUnsettled(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults []ccrmock.Fault
		left   int
	}{
		"nothing is there":       {[]ccrmock.Fault{{Kind: ccrmock.FaultDropBefore, Method: http.MethodPost}}, 0},
		"looking for it fails":   {[]ccrmock.Fault{{Kind: ccrmock.FaultDropAfter, Method: http.MethodPost}, {Kind: ccrmock.FaultStatus, Status: 500, Method: http.MethodGet, Skip: 2, Times: -1}}, 1},
		"the answer is no check": {[]ccrmock.Fault{{Kind: ccrmock.FaultBody, Body: `{"action":"checkHealth","targetName":"perhaps"}`, Method: http.MethodPost}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCheckTest(t)
			for _, fault := range test.faults {
				c.AddFault(fault)
			}
			_, diags := c.check(c.inline(nil))
			wantsError(t, diags, "Checking the registry may have created it",
				`CCR documents the same request for creating a registry, so it may have created this one`,
				"Request: POST /v1/ccr/registries", `Next step: look for a registry named "probe"`)
			c.holds(test.left)
		})
	}
}

// What was there before is not deleted, and not even asked about.
func TestCheckRegistryInlineThatExists(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.CreateRegistry(ccrmock.Registry{Name: "probe", URL: c.source.URL, AccessKey: sourceUser, AccessSecret: sourcePassword})
	_, diags := c.check(c.inline(nil))
	wantsError(t, diags, "Registry exists", `The registry "probe" exists and has the id 1.`, `Next step: check it with registry_id = "1".`)
	if n := len(c.Requests()) - c.Count(http.MethodGet, ""); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
	c.holds(1)

	c.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Method: http.MethodGet})
	_, diags = c.check(c.inline(nil))
	wantsError(t, diags, "Checking the registry failed", `Could not look whether a registry is named "probe"; nothing was checked.`, "Code: AccessDenied")
}

func TestCheckRegistryInlineRefused(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Status: 400, Message: "no such type", Method: http.MethodPost})
	_, diags := c.check(c.inline(nil))
	wantsError(t, diags, "Checking the registry failed", `Could not ask CCR whether it reaches the registry "probe" at `+c.source.URL, "Server: no such type")
	c.holds(0)
}

func TestCheckRegistryRefusesBadArguments(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	both := c.inline(nil)
	both["registry_id"] = "1"
	for name, config := range map[string]fields{
		"neither":           {},
		"both":              both,
		"an id that is not": {"registry_id": "cce"},
		"no scheme":         c.inline(fields{"url": "hub.baidubce.com"}),
		"a user in the URL": c.inline(fields{"url": "http://me:" + probeSecret + "@hub.baidubce.com"}),
		"an unknown type":   c.inline(fields{"type": "quay"}),
		"an empty name":     c.inline(fields{"name": " "}),
		"no user":           c.inline(fields{"access_key": ""}),
		"no password":       c.inline(fields{"access_secret": ""}),
	} {
		if _, diags := c.check(config); !diags.failed() {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(c.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAccCheckRegistryInvoked(t *testing.T) {
	t.Parallel()
	c := startCheckTest(t)
	c.CreateRegistry(ccrmock.Registry{Name: "bad", URL: c.source.URL, AccessKey: sourceUser, AccessSecret: "wrong"})
	line := newActionLine(t, c.providerConfig()+fmt.Sprintf(`
variable "password" {
  type      = string
  sensitive = true
}

action "ccr_check_registry" "old" {
  config {
    registry_id = "1"
  }
}

action "ccr_check_registry" "new" {
  config {
    registry = {
      name          = "probe"
      type          = "docker-registry"
      url           = %q
      access_key    = %q
      access_secret = var.password
    }
  }
}
`, c.source.URL, sourceUser))
	line.env = append(line.env, "TF_VAR_password="+sourcePassword)
	line.invoke("Error: Registry is not healthy", "ccr_check_registry.old")
	c.TreatNextFullBodyAsCheck(1)
	if out, want := line.invoke("", "ccr_check_registry.new"), `Registry "probe" at `+c.source.URL+" is healthy"; !strings.Contains(out, want) {
		t.Errorf("the CLI did not say %q:\n%s", want, out)
	}
	line.invoke("Error: CCR cannot check a registry that does not exist", "ccr_check_registry.new")
	line.wantWithout("what the CLI said", line.said.String(), sourcePassword)
	line.wantWithout("the trace", line.file("trace.log"), sourcePassword)
	c.holds(1)
}
