package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestPolicyValidation(t *testing.T) {
	t.Parallel()
	p := startMock(t).core(t, "ccr_migration_policy", nil)
	name := func(value any) fields { return fields{"type": "name", "value": value} }
	tag := func(value any) fields { return fields{"type": "tag", "value": value} }
	const missingName = `ERROR AttributeName("filters"): Missing name filter
The policy has no filter of type "name", which says what images it migrates.

Next step: add one, as in { type = "name", value = "cce/web" }.
`
	for what, c := range map[string]struct {
		config fields
		want   string
	}{
		"no filter":   {fields{"filters": []fields{}}, missingName},
		"only a tag":  {fields{"filters": []fields{tag("v1")}}, missingName},
		"name":        {fields{"filters": []fields{name("cce/web")}}, ""},
		"both":        {fields{"filters": []fields{name("cce/*"), tag("v1")}}, ""},
		"not known":   {fields{"filters": unknown{}, "name": unknown{}, "src_registry_id": unknown{}}, ""},
		"type later":  {fields{"filters": []fields{{"type": unknown{}, "value": unknown{}}}}, ""},
		"value later": {fields{"filters": []fields{name(unknown{}), tag(unknown{})}}, ""},
		"two names": {fields{"filters": []fields{name("cce/web"), name("cce/api")}}, `ERROR AttributeName("filters"): Too many name filters
The policy has 2 filters of type "name"; CCR takes one.

Next step: declare one policy for each image name (for_each), or use a pattern such as cce/{web,api}.
`},
		"two tags": {fields{"filters": []fields{name("cce/web"), tag("v1"), tag("v2")}}, `ERROR AttributeName("filters"): Too many tag filters
The policy has 2 filters of type "tag"; CCR takes at most one.

Next step: use one pattern such as {v1,v2}, or declare one policy for each tag.
`},
		"no such filter": {fields{"filters": []fields{{"type": "label", "value": "a"}}},
			`ERROR AttributeName("filters").ElementKeyValue(tftypes.Object["type":tftypes.String, "value":tftypes.String]<"type":tftypes.String<"label">, "value":tftypes.String<"a">>).AttributeName("type"): Invalid value
filters.type: "label" is not one of "name", "tag".
`},
		"a reference": {fields{"filters": []fields{name("cce/web:v1")}}, `ERROR AttributeName("filters"): Invalid name filter
"cce/web:v1" is more than a name: a filter of type "name" takes namespace and repository alone.

Next step: write the tag as a filter of its own, as in { type = "tag", value = "v1" }; the function parse_image takes a reference apart.
`},
		"a torn pattern": {fields{"filters": []fields{name("cce/*"), tag("v[1")}}, `ERROR AttributeName("filters"): Invalid filter pattern
"v[1" is not a pattern that can match.

Next step: look for a bracket or brace that is not closed.
`},
		"empty filter": {fields{"filters": []fields{name("")}},
			`ERROR AttributeName("filters").ElementKeyValue(tftypes.Object["type":tftypes.String, "value":tftypes.String]<"type":tftypes.String<"name">, "value":tftypes.String<"">>).AttributeName("value"): Invalid value
filters.value: "" must not be empty and must not begin or end with a space.
`},
		"another trigger": {fields{"trigger_type": "scheduled"}, `ERROR AttributeName("trigger_type"): Invalid value
trigger_type: "scheduled" is not "manual", the only value there is.
`},
		"source by name": {fields{"src_registry_id": "cce-hub"}, `ERROR AttributeName("src_registry_id"): Invalid value
src_registry_id: "cce-hub" is not an id: ids are positive whole numbers.
`},
		"no namespace": {fields{"dest_project_name": ""}, `ERROR AttributeName("dest_project_name"): Invalid value
dest_project_name: "" must not be empty and must not begin or end with a space.
`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if got := told(p.validate(changed(plainPolicy, c.config))); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestPolicyInvalidAtPlanTime(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	plan := func(changed hcl, parts ...string) resource.TestStep {
		return resource.TestStep{Config: m.policy(changed), PlanOnly: true, ExpectError: says(parts...)}
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		plan(hcl{"filters": `[{ type = "name", value = "a/b" }, { type = "name", value = "a/c" }]`}, "Too many name filters", "filters", "="),
		plan(hcl{"filters": `[]`}, "Missing name filter", "filters", "="),
		plan(hcl{"filters": `[{ type = "label", value = "a" }]`}, `"label" is not one of "name", "tag".`),
		plan(hcl{"trigger_type": `"scheduled"`}, "trigger_type", "=", `"scheduled" is not "manual"`),
		plan(nil, "Source registry does not exist", "src_registry_id", "=", `The policy "web" is to read from the registry with the id 1, and CCR has none.`, "ccr_registries"),
	}})
	if n := m.Count("POST", ""); n != 0 {
		t.Errorf("%d policies were sent", n)
	}
}

// A change that points a policy nowhere is refused as early.
func TestPolicyMovedToNoRegistry(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: m.policy(nil)},
		{Config: m.policy(hcl{"src_registry_id": `"4711"`}), PlanOnly: true, ExpectError: says("Source registry does not exist", "id 4711")},
		{Config: m.policy(nil), ConfigPlanChecks: plansNothing(), Check: m.holdsPolicy(heldPolicy)},
	}})
}

// A source that goes while the policy is on its way is what the server finds.
func TestPolicySourceVanishes(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	vanish := beforeApply(func() {
		m.OnList(func(collection string, _ int) { // the last look before the create
			if collection == "registries" {
				m.DeleteRegistry(1)
			}
		})
	})
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{{
		Config:           m.policy(nil),
		ConfigPlanChecks: plans(policyAddress, plancheck.ResourceActionCreate, vanish),
		ExpectError: says("Source registry does not exist", "src_registry_id", "=",
			`Could not create the policy "web": CCR has no registry with the id 1`, "Code: BadRequest", "HTTP status: 400", "Request id:"),
	}}})
}

func TestPolicySourceVanishesBeforeUpdate(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	p := m.core(t, "ccr_migration_policy", nil)
	wantQuiet(t, p.apply(plainPolicy))
	before := p.value
	planned, _ := p.plan(changed(plainPolicy, fields{"override": true}))
	m.DeleteRegistry(1)
	p.rerun()
	request := len(m.Requests()) + 1
	want := `ERROR AttributeName("src_registry_id"): Source registry does not exist
Could not update the policy "web" (id 1): CCR has no registry with the id 1.

Server: srcRegistry.id: there is no registry with the id 1
Code: BadRequest
Request: PUT /v1/ccr/policies
HTTP status: 400 Bad Request
Request id: ` + requestID(request) + `

Next step: refer to a ccr_registry, or look up the id with the data source ccr_registries.
`
	if got := told(p.applyPlan(planned)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if !p.value.Equal(before) {
		t.Errorf("the state changed to %v", p.instance)
	}
}

func TestPolicyNameTaken(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	m.CreatePolicy(heldPolicy)
	taken := func(tried, step, method string, request int) string {
		return fmt.Sprintf(`ERROR AttributeName("name"): Policy name is taken
Could not %s.

Server: the policy name "web" is taken
Code: StatusConflict
Request: %s /v1/ccr/policies
HTTP status: 409 Conflict
Request id: %s

The policy named "web" has the id 1.

Next step: %s.
`, tried, method, requestID(request), step)
	}
	p := m.core(t, "ccr_migration_policy", nil)
	if got, want := told(p.apply(plainPolicy)), taken(`create the policy "web"`, "to manage that one, run `terraform import ccr_migration_policy.<label> 1` with the label of this resource; otherwise choose another name", "POST", 3); got != want {
		t.Errorf("create: got:\n%s\nwant:\n%s", got, want)
	}
	wantQuiet(t, p.apply(changed(plainPolicy, fields{"name": "other"})))
	planned, _ := p.plan(plainPolicy)
	request := len(m.Requests()) + 1
	if got, want := told(p.applyPlan(planned)), taken(`update the policy "other" (id 2), which is to be named "web"`, "choose another name, or rename that one first", "PUT", request); got != want {
		t.Errorf("rename: got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPolicyThatCannotBeReadBack(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.seedSource(t)
	p := m.core(t, "ccr_migration_policy", fields{"max_retries": 0})
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "InternalError", Method: "GET", Path: "/v1/ccr/policies", Skip: 1})
	diags := p.apply(plainPolicy)
	if len(diags) != 1 || diags[0].summary != "Policy was written but could not be read back" || diags.failed() {
		t.Errorf("got:\n%s", told(diags))
	}
	if got := p.fields(); got["id"] != "1" || got["enabled"] != nil {
		t.Errorf("the state is %v", got)
	}
	wantQuiet(t, p.apply(changed(plainPolicy, fields{"override": true})))
	if got := p.fields(); got["enabled"] == nil || got["pull_base"] == nil || got["creation_time"] == nil || got["update_time"] == nil {
		t.Errorf("the state is %v", got)
	}
}

// The CCE hub cannot list its images, so a pattern fails in every execution:
// the plan says so.
func TestPolicyPatternOnTheCCEHub(t *testing.T) {
	t.Parallel()
	const warning = `WARNING AttributeName("filters"): The CCE hub migrates single images only
The name filter %q of the policy "web" is a pattern, and its source, the registry "source", is the CCE image hub, which cannot list its images: executions are expected to fail.

Next step: declare one policy for each image (for_each).
`
	for _, c := range []struct {
		url, name string
		warns     bool
	}{
		{"http://hub.baidubce.com", "cce/*", true},
		{"https://HUB.baidubce.com:443/", "cce/**", true},
		{"http://hub.baidubce.com", "cce/we?", true},
		{"http://hub.baidubce.com", "cce/{web,api}", true},
		{"http://hub.baidubce.com", "cce/[ab]", true},
		{"http://hub.baidubce.com", "cce/web", false},
		{"http://hub.example", "cce/*", false},
		{"http://hub.baidubce.com.example", "cce/*", false},
		{"http://example/hub.baidubce.com", "cce/*", false},
	} {
		t.Run(c.url+" "+c.name, func(t *testing.T) {
			t.Parallel()
			m := startMock(t)
			m.CreateRegistry(ccrmock.Registry{Name: "source", URL: c.url})
			p := m.core(t, "ccr_migration_policy", nil)
			config := changed(plainPolicy, fields{"filters": []fields{{"type": "name", "value": c.name}, {"type": "tag", "value": "v*"}}})
			want := ""
			if c.warns {
				want = fmt.Sprintf(warning, c.name)
			}
			if _, diags := p.plan(config); told(diags) != want {
				t.Errorf("create: got:\n%s\nwant:\n%s", told(diags), want)
			}
			wantQuiet(t, p.apply(plainPolicy))
			config["override"] = true
			planned, diags := p.plan(config)
			if told(diags) != want {
				t.Errorf("update: got:\n%s\nwant:\n%s", told(diags), want)
			}
			wantQuiet(t, p.applyPlan(planned))
			if planned, diags := p.plan(config); planned.action != "" || len(diags) > 0 {
				t.Errorf("an empty plan says:\n%s", told(diags))
			}
		})
	}
}

// As the user sees it: where the source is there, in the plan; where the same
// apply creates it, in that apply.
func TestPolicyPatternOnTheCCEHubInTheCLI(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	config := m.registry(hcl{"url": `"http://hub.baidubce.com"`}) + `variable "image" {}` + "\n" +
		declaredPolicy.with(hcl{"src_registry_id": "ccr_registry.test.id", "filters": `[{ type = "name", value = var.image }]`}).block(`resource "ccr_migration_policy" "test"`)
	c := newCommandLine(t, config)
	const warning = "Warning: The CCE hub migrates single images only"
	run := func(image string, warns bool, args ...string) {
		t.Helper()
		out := c.run(map[string]string{"image": image}, "", args...)
		if strings.Contains(out, warning) != warns {
			t.Errorf("%s %q: want a warning: %t\n%s", args[0], image, warns, out)
		}
	}
	run("cce/*", true, "apply", "-input=false", "-auto-approve", "-no-color")
	run("cce/web", false, "apply", "-input=false", "-auto-approve", "-no-color")
	run("cce/{web,api}", true, "plan", "-input=false", "-no-color")
}
