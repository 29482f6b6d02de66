package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// requestID is what the mock calls its n-th request.
func requestID(n int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n)
}

func TestRegistryValidation(t *testing.T) {
	t.Parallel()
	r := startMock(t).core(t, "ccr_registry", nil)
	invalid := func(attribute, reason string) string {
		return fmt.Sprintf("ERROR AttributeName(%q): Invalid value\n%s: %s.\n", attribute, attribute, reason)
	}
	for name, c := range map[string]struct {
		config fields
		want   string
	}{
		"unknown type":   {fields{"type": "quay"}, invalid("type", `"quay" is not one of "docker-registry", "harbor"`)},
		"no scheme":      {fields{"url": "hub.baidubce.com"}, invalid("url", `"hub.baidubce.com" must begin with http:// or https://, as in http://hub.baidubce.com`)},
		"host and port":  {fields{"url": "hub.baidubce.com:443"}, invalid("url", `"hub.baidubce.com:443" must begin with http:// or https://, as in http://hub.baidubce.com`)},
		"another scheme": {fields{"url": "ftp://hub.baidubce.com"}, invalid("url", `the scheme "ftp" is neither http nor https`)},
		"no host":        {fields{"url": "https:///cce"}, invalid("url", `"https:///cce" has no host`)},
		"bad port":       {fields{"url": "https://hub.baidubce.com:port"}, invalid("url", `"https://hub.baidubce.com:port" is not a URL such as http://hub.baidubce.com`)},
		"user":           {fields{"url": "https://joe:hunter2@hub.baidubce.com"}, invalid("url", `the URL of hub.baidubce.com must not carry a user or password; they belong to credential`)},
		"user, no scheme": {fields{"url": "joe:hunter2@hub.baidubce.com"},
			invalid("url", `"…@hub.baidubce.com" must begin with http:// or https://, as in http://hub.baidubce.com`)},
		"user, bad port": {fields{"url": "https://joe:hunter2@hub.baidubce.com:port"},
			invalid("url", `"…@hub.baidubce.com:port" is not a URL such as http://hub.baidubce.com`)},
		"query":           {fields{"url": "https://hub.baidubce.com?a=b"}, invalid("url", `"https://hub.baidubce.com?a=b" has a query or a fragment`)},
		"empty url":       {fields{"url": ""}, invalid("url", `"" must begin with http:// or https://, as in http://hub.baidubce.com`)},
		"empty name":      {fields{"name": ""}, invalid("name", `"" must not be empty and must not begin or end with a space`)},
		"name and space":  {fields{"name": "cce "}, invalid("name", `"cce " must not be empty and must not begin or end with a space`)},
		"name of 2 lines": {fields{"name": "cce\nhub"}, invalid("name", `the character U+000A at byte 3 is not printable`)},
		"control in text": {fields{"description": "a\x1b[31m"}, invalid("description", `the character U+001B at byte 1 is not printable`)},
		"long text":       {fields{"description": strings.Repeat("é", 4097)}, invalid("description", `it has 4097 characters, more than 4096`)},
		"fine":            {fields{"url": "http://[::1]:5000/", "description": "two\nlines", "name": "日本 hub"}, ""},
		"not known":       {fields{"url": unknown{}, "description": unknown{}, "name": unknown{}, "type": unknown{}, "insecure": unknown{}, "require_healthy": unknown{}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := changed(plainRegistry, fields{"credential": fields{"access_key": "u", "access_secret_wo": "s", "access_secret_wo_version": 1}})
			if got := told(r.validate(changed(config, c.config))); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// What the user sees of it, and that nothing was sent.
func TestRegistryInvalidAtPlanTime(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	plan := func(changed hcl, parts ...string) resource.TestStep {
		return resource.TestStep{Config: m.registry(changed), PlanOnly: true, ExpectError: says(parts...)}
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		plan(hcl{"type": `"quay"`}, "type", "=", `"quay"`, `"quay" is not one of "docker-registry", "harbor".`),
		plan(hcl{"type": ""}, `The argument "type" is required`),
		plan(hcl{"url": `"hub.baidubce.com"`}, "url", "=", "must begin with http:// or https://"),
		plan(hcl{"credential": `{ access_key = "u" }`}, "credential", "=", "neither access_secret_wo nor access_secret"),
		plan(hcl{"credential": `{ access_key = "u", access_secret = "a", access_secret_wo = "b", access_secret_wo_version = 1 }`}, "Two passwords", "credential", "="),
	}})
	if n := len(m.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestRegistryNameTaken(t *testing.T) {
	t.Parallel()
	m := startMock(t, ccrmock.WithFirstID(17))
	m.CreateRegistry(but(heldRegistry, func(r *ccrmock.Registry) { r.Description = "another's" }))
	taken := func(tried, step, method string, request int) string {
		return fmt.Sprintf(`ERROR AttributeName("name"): Registry name is taken
Could not %s.

Server: the registry name "cce" is taken
Code: StatusConflict
Request: %s /v1/ccr/registries
HTTP status: 409 Conflict
Request id: %s

The registry named "cce" has the id 17.

Next step: %s.
`, tried, method, requestID(request), step)
	}
	r := m.core(t, "ccr_registry", nil)
	if got, want := told(r.apply(plainRegistry)), taken(`create the registry "cce"`, "to manage that one, run `terraform import ccr_registry.<label> 17` with the label of this resource; otherwise choose another name", "POST", 2); got != want {
		t.Errorf("create: got:\n%s\nwant:\n%s", got, want)
	}
	if r.instance != nil || len(m.Registries()) != 1 {
		t.Errorf("state %v, CCR holds %d registries", r.instance, len(m.Registries()))
	}
	wantNoError(t, r.apply(changed(plainRegistry, fields{"name": "other"})))
	before := r.value
	request := len(m.Requests()) + 1
	if got, want := told(r.apply(plainRegistry)), taken(`update the registry "other" (id 18), which is to be named "cce"`, "choose another name, or rename that one first", "PUT", request); got != want {
		t.Errorf("rename: got:\n%s\nwant:\n%s", got, want)
	}
	if !r.value.Equal(before) {
		t.Errorf("the state changed to %v", r.instance)
	}
}

// The command that the error gives works.
func TestRegistryNameTakenThenImported(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.CreateRegistry(heldRegistry)
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{Config: m.registry(nil), ExpectError: says("Registry name is taken", `name`, `=`, `"cce"`, "terraform import ccr_registry.<label> 1`")},
		{Config: m.registry(nil), ResourceName: registryAddress, ImportState: true, ImportStateId: "1", ImportStatePersist: true},
		m.importedOnce(t, m.registry(nil), heldRegistry),
	}})
}

func TestRegistryInUse(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	r := m.core(t, "ccr_registry", nil)
	wantNoError(t, r.apply(plainRegistry))
	m.CreateRegistry(ccrmock.Registry{Name: "other", URL: "http://o.example"})
	m.CreatePolicy(ccrmock.Policy{Name: "other", SrcRegistryID: 2})
	refused := func(users string) string {
		return `ERROR : Registry is still in use
Could not delete the registry "cce" (id 1).

Server: the registry "cce" is used by the policy "web-1"
Code: PreconditionFailed
Request: DELETE /v1/ccr/registries/1
HTTP status: 412 Precondition Failed
Request id: ` + requestID(len(m.Requests())+1) + `

Policies that read from it: ` + users + `.

Next step: delete the policies that read from it, or point them at another registry, then apply again.
`
	}
	ids := m.SeedPolicies(1, "web", 1)
	want := refused(fmt.Sprintf(`"web-1" (id %d)`, ids[0]))
	if got := told(r.apply(nil)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	m.SeedPolicies(11, "api", 1)
	if got := told(r.apply(nil)); !strings.Contains(got, `"api-7" (id 9), "api-8" (id 10), and 2 more.`) {
		t.Errorf("got:\n%s", got)
	}
	if r.instance == nil || len(m.Registries()) != 2 {
		t.Errorf("state %v, CCR holds %d registries", r.instance, len(m.Registries()))
	}
}

// A refused delete leaves the registry in the state; once the policy is gone
// the next one succeeds.
func TestRegistryInUseThenDeleted(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	use := func() { m.CreatePolicy(ccrmock.Policy{Name: "web", SrcRegistryID: 1}) }
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{Config: m.registry(nil)},
		{PreConfig: use, Config: m.registry(nil), Destroy: true, ExpectError: says("Registry is still in use", `Policies that read from it: "web" (id 1).`)},
		{PreConfig: func() { m.DeletePolicy(1) }, Config: m.registry(nil), ConfigPlanChecks: plansNothing()},
	}})
}

func TestWrongKeys(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	block := declaredRegistry.block(`resource "ccr_registry" "test"`)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config: m.providerConfigWith("nobody", ccrmock.DefaultSecretAccessKey) + block,
			ExpectError: says(`Could not create the registry "cce"`, "Code: InvalidAccessKeyId", "HTTP status: 403", "Request id: 0000",
				"Next step: check the provider's access_key (BAIDUCLOUD_ACCESS_KEY or BCE_ACCESS_KEY_ID)"),
		},
		{
			Config: m.providerConfigWith(ccrmock.DefaultAccessKeyID, "wr0ng") + block,
			ExpectError: says(`Could not create the registry "cce"`, "Code: SignatureDoesNotMatch", "HTTP status: 400", "Request id: 0000",
				"Next step: check the provider's secret_key (BAIDUCLOUD_SECRET_KEY or BCE_SECRET_ACCESS_KEY)"),
		},
	}})
	if n := len(m.Registries()); n != 0 {
		t.Errorf("CCR holds %d registries", n)
	}
}

// A registry that was written and could not be read back is in the state; the
// next plan fills in the rest, also without a refresh in between.
func TestRegistryThatCannotBeReadBack(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	r := m.core(t, "ccr_registry", fields{"max_retries": 0})
	failRead := func() {
		m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Method: "GET", Skip: 1})
	}
	failRead() // the first list is of what was there before
	if got := told(r.apply(plainRegistry)); !strings.HasPrefix(got, "WARNING : Registry was written but could not be read back\n") {
		t.Errorf("got:\n%s", got)
	}
	if got := r.fields(); got["id"] != "1" || got["creation_time"] != nil {
		t.Errorf("the state is %v", got)
	}
	wantQuiet(t, r.apply(changed(plainRegistry, fields{"description": "a hub"})))
	got := r.fields()
	if got["creation_time"] == nil || got["update_time"] == nil {
		t.Errorf("the state is %v", got)
	}
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Method: "GET"})
	if got := told(r.apply(plainRegistry)); !strings.HasPrefix(got, "WARNING : Registry was written but could not be read back\n") {
		t.Errorf("got:\n%s", got)
	}
	if after := r.fields(); after["creation_time"] != got["creation_time"] {
		t.Errorf("the state is %v", after)
	}
}

// A create whose answer is lost is settled, whatever became of it.
func TestRegistryCreateWithLostAnswer(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	r := m.core(t, "ccr_registry", fields{"max_retries": 0})
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultDropAfter, Method: "POST"})
	wantNoError(t, r.apply(plainRegistry))
	if got := r.fields(); got["id"] != "1" || m.Count("POST", "") != 1 {
		t.Errorf("the state is %v after %d creates", got, m.Count("POST", ""))
	}
	lost := m.core(t, "ccr_registry", fields{"max_retries": 0})
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultDropBefore, Method: "POST"})
	got := told(lost.apply(changed(plainRegistry, fields{"name": "lost"})))
	if lost.instance != nil || !strings.Contains(got, "ERROR : Creating the registry failed\n") || !strings.Contains(got, "'name=lost'") {
		t.Errorf("state %v:\n%v", lost.instance, got)
	}
}
