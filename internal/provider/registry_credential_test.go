package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// leaksNothing wants the secrets to be neither in a plan nor in a state.
type leaksNothing []string

// CheckPlan implements [plancheck.PlanCheck].
func (secrets leaksNothing) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = secrets.in("plan", req.Plan)
}

// CheckState implements [statecheck.StateCheck].
func (secrets leaksNothing) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = secrets.in("state", req.State)
}

func (secrets leaksNothing) in(what string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		if strings.Contains(string(text), secret) {
			return fmt.Errorf("%q is in the %s: %s", secret, what, text)
		}
	}
	return nil
}

// A write-only secret reaches the server with the create, with every update
// and with a new version, and stays nowhere; the two forms of the secret give
// way to each other in place.
func TestRegistrySecret(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	const variables = `
variable "secret" {
  type      = string
  ephemeral = true
}
`
	writeOnly := func(version int, more hcl) string {
		return variables + m.registry(hcl{
			"credential": fmt.Sprintf(`{ access_key = "puller", access_secret_wo = var.secret, access_secret_wo_version = %d }`, version),
		}.with(more))
	}
	secret := func(s string) config.Variables { return config.Variables{"secret": config.StringVariable(s)} }
	never := leaksNothing{"wo-s3cr3t"} // the beginning of each of them
	hidden := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return plans(registryAddress, action, never)
	}
	form := func(attribute string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(registryAddress, tfjsonpath.New("credential").AtMapKey(attribute), value)
	}
	held := func(s string) ccrmock.Registry {
		return but(heldRegistry, func(r *ccrmock.Registry) { r.AccessSecret = s })
	}
	acceptance(t, resource.TestCase{CheckDestroy: m.holdsNothing, Steps: []resource.TestStep{
		{
			Config: writeOnly(1, nil), ConfigVariables: secret("wo-s3cr3t-1"),
			ConfigPlanChecks:  hidden(plancheck.ResourceActionCreate),
			Check:             m.holds(held("wo-s3cr3t-1")),
			ConfigStateChecks: []statecheck.StateCheck{never, form("access_secret_wo", knownvalue.Null()), form("access_secret_wo_version", knownvalue.Int64Exact(1))},
		},
		{ // an update of something else sends it too
			Config: writeOnly(1, hcl{"description": `"a hub"`}), ConfigVariables: secret("wo-s3cr3t-1"),
			ConfigPlanChecks:  hidden(plancheck.ResourceActionUpdate),
			Check:             m.holds(but(held("wo-s3cr3t-1"), func(r *ccrmock.Registry) { r.Description = "a hub" })),
			ConfigStateChecks: []statecheck.StateCheck{never},
		},
		{ // no change is seen without a new version
			Config: writeOnly(1, hcl{"description": `"a hub"`}), ConfigVariables: secret("wo-s3cr3t-2"),
			ConfigPlanChecks: plansNothing(),
		},
		{
			Config: writeOnly(2, nil), ConfigVariables: secret("wo-s3cr3t-2"),
			ConfigPlanChecks:  hidden(plancheck.ResourceActionUpdate),
			Check:             m.holds(held("wo-s3cr3t-2")),
			ConfigStateChecks: []statecheck.StateCheck{never, form("access_secret_wo_version", knownvalue.Int64Exact(2))},
		},
		{
			Config:            m.registry(nil),
			ConfigPlanChecks:  hidden(plancheck.ResourceActionUpdate),
			Check:             m.holds(heldRegistry),
			ConfigStateChecks: []statecheck.StateCheck{form("access_secret", knownvalue.StringExact("pull-s3cr3t")), form("access_secret_wo_version", knownvalue.Null())},
		},
		{
			Config: writeOnly(1, nil), ConfigVariables: secret("wo-s3cr3t-3"),
			ConfigPlanChecks:  hidden(plancheck.ResourceActionUpdate),
			Check:             m.holds(held("wo-s3cr3t-3")),
			ConfigStateChecks: []statecheck.StateCheck{never, leaksNothing{"pull-s3cr3t"}, form("access_secret", knownvalue.Null())},
		},
	}})
	if posts := m.bodies("POST", "registries"); len(posts) != 1 || !strings.Contains(posts[0], `"accessSecret":"wo-s3cr3t-1"`) {
		t.Errorf("creates: %q", posts)
	}
	puts := m.bodies("PUT", "registries")
	want := []string{"wo-s3cr3t-1", "wo-s3cr3t-2", "pull-s3cr3t", "wo-s3cr3t-3"}
	if len(puts) != len(want) {
		t.Fatalf("updates: %q", puts)
	}
	for i, put := range puts {
		if !strings.Contains(put, `"accessSecret":"`+want[i]+`"`) {
			t.Errorf("update %d lacks the secret %q: %s", i, want[i], put)
		}
	}
}

// A plain secret that is known only during the apply, and then is none.
func TestRegistrySecretThatTurnsOutNull(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{{
		Config: hcl{"input": `{ password = null }`}.block(`resource "terraform_data" "late"`) + m.registry(hcl{
			"credential": `{ access_key = "puller", access_secret = terraform_data.late.output.password }`,
		}),
		ExpectError: says("Missing password", "neither access_secret_wo nor access_secret"),
	}}})
	if n := m.Count("POST", ""); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestRegistryCredentialValidation(t *testing.T) {
	t.Parallel()
	r := startMock(t).core(t, "ccr_registry", nil)
	const (
		preferWriteOnly = `WARNING AttributeName("credential").AttributeName("access_secret"): Available Write-Only Attribute Alternative
This attribute has a WriteOnly version credential.access_secret_wo available. Use the WriteOnly version of the attribute when possible.
`
		missing = `ERROR AttributeName("credential"): Missing password
The credential has neither access_secret_wo nor access_secret. CCR takes a registry only as a whole, so every create and update needs the password.

Next step: set access_secret_wo and access_secret_wo_version (Terraform or OpenTofu 1.11 and newer), or access_secret, which is kept in the state.
`
	)
	for name, c := range map[string]struct {
		credential any
		want       string
	}{
		"write-only": {fields{"access_secret_wo": "s", "access_secret_wo_version": 1}, ""},
		"plain":      {fields{"access_secret": "s"}, preferWriteOnly},
		"none":       {fields{}, missing},
		"both": {fields{"access_secret": "s", "access_secret_wo": "s", "access_secret_wo_version": 1}, `ERROR AttributeName("credential"): Two passwords
The credential has both access_secret and access_secret_wo; CCR takes one password.

Next step: keep access_secret_wo, which is not stored in the state, and remove access_secret.
`},
		"write-only without version": {fields{"access_secret_wo": "s"}, `ERROR AttributeName("credential"): Missing password version
Terraform cannot see a write-only password change; it sends it again when access_secret_wo_version changes.

Next step: set access_secret_wo_version = 1, and increase it whenever the password changes.
`},
		"version without write-only": {fields{"access_secret": "s", "access_secret_wo_version": 1}, `ERROR AttributeName("credential"): Password version without its password
access_secret_wo_version belongs to access_secret_wo, which is not set: a change of access_secret is seen without it.

Next step: remove it, or move the password to access_secret_wo.
`},
		"empty": {fields{"access_secret_wo": "", "access_secret_wo_version": 1}, `ERROR AttributeName("credential").AttributeName("access_secret_wo"): Invalid value
credential.access_secret_wo: it must not be empty.
`},
		"another type": {fields{"type": "token", "access_secret_wo": "s", "access_secret_wo_version": 1}, `ERROR AttributeName("credential").AttributeName("type"): Invalid value
credential.type: "token" is not "basic", the only value there is.
`},
		"unknown plain":      {fields{"access_secret": unknown{}}, ""},
		"unknown write-only": {fields{"access_secret_wo": unknown{}, "access_secret_wo_version": 1}, ""},
		"unknown as a whole": {unknown{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if given, ok := c.credential.(fields); ok {
				given["access_key"] = "puller"
			}
			got := told(r.validate(changed(plainRegistry, fields{"credential": c.credential})))
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// An apply that has no secret must not wipe the one that CCR holds.
func TestRegistryWriteWithoutSecretIsRefused(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	id := m.CreateRegistry(heldRegistry)
	r := m.core(t, "ccr_registry", nil)
	wantQuiet(t, r.imports(fmt.Sprint(id), nil))
	with := changed(plainRegistry, fields{"credential": fields{"access_key": "puller", "access_secret_wo": "s", "access_secret_wo_version": 1}})
	without := changed(plainRegistry, fields{"credential": fields{"access_key": "puller", "access_secret_wo_version": 1}})
	const want = `ERROR AttributeName("credential"): Missing password
Could not %s: neither access_secret_wo nor access_secret has a value in this apply. CCR takes a registry only as a whole, so without the password the one it holds would be wiped. Nothing was sent.

Next step: give the password to the apply too; an ephemeral variable must be set again for it.
`
	m.ResetJournal()
	forget := func(c *core) diagnostics {
		planned, _ := c.plan(with)
		planned.config = toValue(planned.config.Type(), without)
		return c.applyPlan(planned)
	}
	if got, want := told(forget(r)), fmt.Sprintf(want, `update the registry "cce" (id 1)`); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	fresh := m.core(t, "ccr_registry", nil)
	if got, want := told(forget(fresh)), fmt.Sprintf(want, `create the registry "cce"`); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if writes := len(m.bodies("PUT", "registries")) + len(m.bodies("POST", "registries")); writes != 0 {
		t.Errorf("%d writes were sent", writes)
	}
	if err := m.holds(heldRegistry)(nil); err != nil {
		t.Error(err)
	}
}
