package provider

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// core plans and applies one resource over the plugin protocol as Terraform
// does, for what a CLI does not show: the exact diagnostics and where they
// point.
type core struct {
	*driver
	*instance // nil while there is none
	t         *testing.T
	kind      string
	settings  fields // of the provider
}

// core starts a provider for the mock, with more settings, and has no resource
// of the kind yet.
func (m *testMock) core(t *testing.T, kind string, settings fields) *core {
	t.Helper()
	c := &core{t: t, kind: kind}
	c.settings = fields{"endpoint": m.URL, "access_key": ccrmock.DefaultAccessKeyID, "secret_key": ccrmock.DefaultSecretAccessKey}
	maps.Copy(c.settings, settings)
	c.rerun()
	return c
}

// rerun begins another run of the CLI: the provider has read nothing yet.
func (c *core) rerun() {
	c.t.Helper()
	var diags diagnostics
	c.driver, diags = newDriver(c.t.Context(), quickWorld(), c.settings)
	wantQuiet(c.t, diags)
}

func (c *core) validate(config fields) diagnostics {
	c.t.Helper()
	return c.driver.validate(c.t.Context(), c.kind, config)
}

// plan plans config; nil plans to destroy. No plan of this provider's
// registries and policies replaces.
func (c *core) plan(config fields) (change, diagnostics) {
	c.t.Helper()
	planned, diags := c.driver.plan(c.t.Context(), c.kind, c.instance, config)
	if planned.action == "replace" {
		c.t.Errorf("the plan replaces: %s", planned.planned)
	}
	return planned, diags
}

// apply plans and applies config; nil destroys. It returns the diagnostics of
// the apply, and those of the plan when that fails.
func (c *core) apply(config fields) diagnostics {
	c.t.Helper()
	planned, diags := c.plan(config)
	if diags.failed() {
		return diags
	}
	return c.applyPlan(planned)
}

func (c *core) applyPlan(planned change) (diags diagnostics) {
	c.t.Helper()
	c.instance, diags = c.driver.apply(c.t.Context(), c.kind, c.instance, planned)
	return diags
}

// refresh reads the resource in another run.
func (c *core) refresh() (diags diagnostics) {
	c.t.Helper()
	c.rerun()
	c.instance, diags = c.read(c.t.Context(), c.instance)
	return diags
}

// imports imports by id, or by identity when id is empty, and reads, in
// another run.
func (c *core) imports(id string, identity fields) diagnostics {
	c.t.Helper()
	c.rerun()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: c.kind, ID: id}
	if id == "" {
		req.Identity = identityOf(identity)
	}
	resp := must(c.server.ImportResourceState(c.t.Context(), req))
	if diags := diagnosticsOf(resp.Diagnostics); diags.failed() {
		return diags
	}
	r := resp.ImportedResources[0]
	c.instance = &instance{kind: c.kind, value: decodeValue(schemaOf(c.kind).ValueType(), r.State), private: r.Private, identity: r.Identity}
	return c.refresh()
}

// wantIdentity wants the identity to be the id.
func (c *core) wantIdentity(id string) {
	c.t.Helper()
	of := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	if got := fromValue(decodeValue(of, c.identity.IdentityData)).(fields)["id"]; got != id {
		c.t.Errorf("the identity is %v, want %s", got, id)
	}
}

// identityOf encodes an identity of string attributes.
func identityOf(identity fields) *tfprotov6.ResourceIdentityData {
	of := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for name := range identity {
		of.AttributeTypes[name] = tftypes.String
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: encode(of, toValue(of, identity))}
}

// plainRegistry is a minimal ccr_registry, its password in the state.
var plainRegistry = fields{
	"name": "cce", "type": "docker-registry", "url": "http://hub.example",
	"credential": fields{"access_key": "puller", "access_secret": "pull-s3cr3t"},
}

// plainPolicy is a minimal ccr_migration_policy that reads from the registry
// with the id 1.
var plainPolicy = fields{
	"name": "web", "src_registry_id": "1", "dest_project_name": "public",
	"filters": []fields{{"type": "name", "value": "cce/web"}},
}

// changed returns a copy of config with other attributes.
func changed(config, others fields) fields {
	config = maps.Clone(config)
	maps.Copy(config, others)
	return config
}

// told renders diagnostics in full: severity, attribute, summary and detail.
func told(diags diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		severity := "WARNING"
		if d.err {
			severity = "ERROR"
		}
		fmt.Fprintf(&b, "%s %s: %s\n%s\n", severity, d.attribute, d.summary, d.detail)
	}
	return b.String()
}

func wantQuiet(t *testing.T, diags diagnostics) {
	t.Helper()
	if len(diags) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", told(diags))
	}
}

func wantNoError(t *testing.T, diags diagnostics) {
	t.Helper()
	if diags.failed() {
		t.Fatalf("unexpected error:\n%s", told(diags))
	}
}

// wantFailure wants one diagnostic, an error that says all of parts.
func wantFailure(t *testing.T, diags diagnostics, parts ...string) {
	t.Helper()
	if len(diags) != 1 || !diags.failed() {
		t.Fatalf("want one error, got:\n%s", told(diags))
	}
	for _, part := range parts {
		if !strings.Contains(told(diags), part) {
			t.Errorf("the error lacks %q:\n%s", part, told(diags))
		}
	}
}
