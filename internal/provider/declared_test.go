package provider

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// hcl is the arguments of a block, each an expression.
type hcl map[string]string

// with returns h with other arguments; an empty expression removes one.
func (h hcl) with(others hcl) hcl {
	out := maps.Clone(h)
	maps.Copy(out, others)
	maps.DeleteFunc(out, func(_, expression string) bool { return expression == "" })
	return out
}

// block renders a block such as `resource "ccr_registry" "test"`.
func (h hcl) block(head string) string {
	var b strings.Builder
	b.WriteString(head + " {\n")
	for _, name := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintf(&b, "  %s = %s\n", name, h[name])
	}
	b.WriteString("}\n")
	return b.String()
}

const (
	registryAddress = "ccr_registry.test"
	policyAddress   = "ccr_migration_policy.test"
)

// declaredRegistry is a minimal ccr_registry.
var declaredRegistry = hcl{
	"name":       `"cce"`,
	"type":       `"docker-registry"`,
	"url":        `"http://hub.example"`,
	"credential": `{ access_key = "puller", access_secret = "pull-s3cr3t" }`,
}

// heldRegistry is what CCR holds of declaredRegistry.
var heldRegistry = ccrmock.Registry{
	Name: "cce", Type: "docker-registry", URL: "http://hub.example",
	CredentialType: "basic", AccessKey: "puller", AccessSecret: "pull-s3cr3t",
}

// registry is a configuration with declaredRegistry, changed.
func (m *testMock) registry(changed hcl) string {
	return m.providerConfig() + declaredRegistry.with(changed).block(`resource "ccr_registry" "test"`)
}

// policy is a configuration with a minimal ccr_migration_policy that reads
// from the registry with the id 1, changed.
func (m *testMock) policy(changed hcl) string {
	return m.providerConfig() + declaredPolicy.with(changed).block(`resource "ccr_migration_policy" "test"`)
}

// declaredPolicy is a minimal ccr_migration_policy.
var declaredPolicy = hcl{
	"name":              `"web"`,
	"src_registry_id":   `"1"`,
	"dest_project_name": `"public"`,
	"filters":           `[{ type = "name", value = "cce/web" }]`,
}

// heldPolicy is what CCR holds of declaredPolicy.
var heldPolicy = ccrmock.Policy{
	Name: "web", SrcRegistryID: 1, DestProjectName: "public", TriggerType: "manual",
	Filters: []ccrmock.Filter{{Type: "name", Value: "cce/web"}},
}

// but returns a copy that differs.
func but[T any](held T, change func(*T)) T {
	change(&held)
	return held
}

// holds wants CCR to hold exactly the registry, whatever its id and status.
func (m *testMock) holds(want ccrmock.Registry) resource.TestCheckFunc {
	return func(*terraform.State) error {
		held := m.Registries()
		if len(held) != 1 {
			return fmt.Errorf("CCR holds %d registries", len(held))
		}
		got := held[0]
		got.ID, got.Status, got.CreationTime, got.UpdateTime = 0, "", time.Time{}, time.Time{}
		if got != want {
			return fmt.Errorf("CCR holds %+v\nwhere declared is %+v", got, want)
		}
		return nil
	}
}

// holdsPolicy wants CCR to hold exactly the policy, whatever its id.
func (m *testMock) holdsPolicy(want ccrmock.Policy) resource.TestCheckFunc {
	return func(*terraform.State) error {
		held := m.Policies()
		if len(held) != 1 {
			return fmt.Errorf("CCR holds %d policies", len(held))
		}
		got := held[0]
		got.ID, got.ExecutionTimes, got.CreationTime, got.UpdateTime = 0, 0, time.Time{}, time.Time{}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("CCR holds %+v\nwhere declared is %+v", got, want)
		}
		return nil
	}
}

// holdsNothing wants nothing to be left of what a test declared.
func (m *testMock) holdsNothing(*terraform.State) error {
	if n := len(m.Registries()) + len(m.Policies()); n != 0 {
		return fmt.Errorf("CCR still holds %d objects", n)
	}
	return nil
}

// plans wants the plan to do just that.
func plans(address string, action plancheck.ResourceActionType, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append([]plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}, more...)}
}

func updates(address string) resource.ConfigPlanChecks {
	return plans(address, plancheck.ResourceActionUpdate)
}

func creates(address string) resource.ConfigPlanChecks {
	return plans(address, plancheck.ResourceActionCreate)
}

// plansNothing wants an empty plan.
func plansNothing() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// beforeApply runs a function between plan and apply.
type beforeApply func()

// CheckPlan implements [plancheck.PlanCheck].
func (f beforeApply) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	f()
}

// says matches an error of the CLI, which breaks lines, that has the parts in
// this order.
func says(parts ...string) *regexp.Regexp {
	var patterns []string
	for _, part := range parts {
		var words []string
		for word := range strings.FieldsSeq(part) {
			words = append(words, regexp.QuoteMeta(word))
		}
		patterns = append(patterns, strings.Join(words, `\s+`))
	}
	return regexp.MustCompile(`(?s)` + strings.Join(patterns, `.*`))
}

// bodies returns the bodies of the requests so far of the method, for
// registries or policies.
func (m *testMock) bodies(method, collection string) []string {
	var bodies []string
	for _, r := range m.Requests() {
		if r.Method == method && r.Path == "/v1/ccr/"+collection {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}

// seedSource seeds the registry with the id 1 that declaredPolicy reads
// from.
func (m *testMock) seedSource(t *testing.T) {
	t.Helper()
	if id := m.CreateRegistry(ccrmock.Registry{Name: "source", URL: "http://hub.example", AccessKey: "u", AccessSecret: "p"}); id != 1 {
		t.Fatalf("the source has the id %d", id)
	}
}
