package provider

import (
	"fmt"
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// core plans and applies one resource over the plugin protocol as Terraform
// does, for what a CLI does not show: the exact diagnostics and where they
// point.
type core struct {
	*protocolServer
	t        *testing.T
	settings object
	kind     string // the resource's type
	state    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

// later is a value that only an apply decides.
const later = "\x00unknown"

// configure configures the provider, once more if it was.
func (s *protocolServer) configure(t *testing.T, settings object) []*tfprotov6.Diagnostic {
	t.Helper()
	of := s.schema.Provider.ValueType()
	config, err := tfprotov6.NewDynamicValue(of, valueOf(t, of, settings))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

// plainRegistry is a minimal ccr_registry, its password in the state.
var plainRegistry = object{
	"name": "cce", "type": "docker-registry", "url": "http://hub.example",
	"credential": object{"access_key": "puller", "access_secret": "pull-s3cr3t"},
}

// changed returns a copy of config with other attributes.
func changed(config, others object) object {
	config = maps.Clone(config)
	maps.Copy(config, others)
	return config
}

// core starts a provider for the mock, with more settings, and has no resource
// of the kind yet.
func (m *testMock) core(t *testing.T, kind string, settings object) *core {
	t.Helper()
	c := &core{protocolServer: m.startProvider(t), t: t, kind: kind}
	c.settings = object{"endpoint": m.URL, "access_key": ccrmock.DefaultAccessKeyID, "secret_key": ccrmock.DefaultSecretAccessKey}
	maps.Copy(c.settings, settings)
	c.state = tftypes.NewValue(c.typ(), nil)
	c.rerun()
	return c
}

// rerun begins another run of the CLI: the provider has read nothing yet.
func (c *core) rerun() {
	c.t.Helper()
	wantNoDiagnostics(c.t, c.configure(c.t, c.settings))
}

func (c *core) block() *tfprotov6.SchemaBlock { return c.schema.ResourceSchemas[c.kind].Block }
func (c *core) typ() tftypes.Type             { return c.block().ValueType() }

func (c *core) encode(value tftypes.Value) *tfprotov6.DynamicValue {
	c.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(c.typ(), value)
	if err != nil {
		c.t.Fatal(err)
	}
	return &encoded
}

func (c *core) decode(value *tfprotov6.DynamicValue) tftypes.Value {
	c.t.Helper()
	decoded, err := value.Unmarshal(c.typ())
	if err != nil {
		c.t.Fatal(err)
	}
	return decoded
}

// attributes are those of the state in plain Go.
func (c *core) attributes() object {
	c.t.Helper()
	out, _ := plain(c.t, c.state).(object)
	return out
}

// validate is what `terraform validate` does, on a CLI that knows write-only
// attributes.
func (c *core) validate(config object) []*tfprotov6.Diagnostic {
	c.t.Helper()
	resp, err := c.ValidateResourceConfig(c.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: c.kind, Config: c.encode(valueOf(c.t, c.typ(), config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.Diagnostics
}

// plan plans config; nil plans to destroy.
func (c *core) plan(config object) *tfprotov6.PlanResourceChangeResponse {
	c.t.Helper()
	configured := tftypes.NewValue(c.typ(), nil)
	if config != nil {
		configured = valueOf(c.t, c.typ(), config)
	}
	resp, err := c.PlanResourceChange(c.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: c.kind, Config: c.encode(configured), PriorState: c.encode(c.state), PriorPrivate: c.private, PriorIdentity: c.identity,
		ProposedNewState: c.encode(proposedState(c.t, c.block().Attributes, c.state, configured)),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(resp.RequiresReplace) > 0 {
		c.t.Errorf("the plan replaces for %s", resp.RequiresReplace)
	}
	return resp
}

// apply plans and applies config; nil destroys. It returns the diagnostics of
// the apply, and of the plan when that has an error.
func (c *core) apply(config object) []*tfprotov6.Diagnostic {
	c.t.Helper()
	return c.applyPlan(c.plan(config), config)
}

func (c *core) applyPlan(plan *tfprotov6.PlanResourceChangeResponse, config object) []*tfprotov6.Diagnostic {
	c.t.Helper()
	if hasError(plan.Diagnostics) {
		return plan.Diagnostics
	}
	configured := tftypes.NewValue(c.typ(), nil)
	if config != nil {
		configured = valueOf(c.t, c.typ(), config)
	}
	resp, err := c.ApplyResourceChange(c.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: c.kind, Config: c.encode(configured), PriorState: c.encode(c.state),
		PlannedState: plan.PlannedState, PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: plan.PlannedIdentity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	applied := c.decode(resp.NewState)
	if !hasError(resp.Diagnostics) {
		wantKept(c.t, c.decode(plan.PlannedState), applied)
	}
	c.state, c.private, c.identity = applied, resp.Private, resp.NewIdentity
	return resp.Diagnostics
}

// refresh reads the resource in another run.
func (c *core) refresh() []*tfprotov6.Diagnostic {
	c.t.Helper()
	c.rerun()
	resp, err := c.ReadResource(c.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: c.kind, CurrentState: c.encode(c.state), Private: c.private, CurrentIdentity: c.identity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if !hasError(resp.Diagnostics) {
		c.state, c.private, c.identity = c.decode(resp.NewState), resp.Private, resp.NewIdentity
	}
	return resp.Diagnostics
}

// valueOf is a plain Go value as one of the type: what an object lacks is null.
func valueOf(t *testing.T, of tftypes.Type, value any) tftypes.Value {
	t.Helper()
	if value == later {
		return tftypes.NewValue(of, tftypes.UnknownValue)
	}
	switch v := value.(type) {
	case nil:
		return tftypes.NewValue(of, nil)
	case object:
		values := map[string]tftypes.Value{}
		for name, kind := range of.(tftypes.Object).AttributeTypes {
			values[name] = valueOf(t, kind, v[name])
		}
		for name := range v {
			if _, ok := values[name]; !ok {
				t.Fatalf("there is no attribute %q", name)
			}
		}
		return tftypes.NewValue(of, values)
	case []object:
		var values []tftypes.Value
		for _, item := range v {
			values = append(values, valueOf(t, of.(tftypes.Set).ElementType, item))
		}
		return tftypes.NewValue(of, values)
	}
	return tftypes.NewValue(of, value)
}

// proposedState is the state that Terraform proposes: the configuration, and what is
// computed from before.
func proposedState(t *testing.T, attributes []*tfprotov6.SchemaAttribute, prior, config tftypes.Value) tftypes.Value {
	t.Helper()
	if config.IsNull() || !config.IsKnown() {
		return config
	}
	before, values := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if err := config.As(&values); err != nil {
		t.Fatal(err)
	}
	if !prior.IsNull() {
		if err := prior.As(&before); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range attributes {
		_, had := before[a.Name]
		switch {
		case a.WriteOnly:
			values[a.Name] = tftypes.NewValue(a.ValueType(), nil)
		case values[a.Name].IsNull() && a.Computed && had:
			values[a.Name] = before[a.Name]
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle && had:
			values[a.Name] = proposedState(t, a.NestedType.Attributes, before[a.Name], values[a.Name])
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			values[a.Name] = proposedState(t, a.NestedType.Attributes, tftypes.NewValue(a.ValueType(), nil), values[a.Name])
		}
	}
	return tftypes.NewValue(config.Type(), values)
}

// wantKept wants an applied state to have every value that its plan foretold,
// as Terraform does.
func wantKept(t *testing.T, planned, applied tftypes.Value) {
	t.Helper()
	diffs, err := planned.Diff(applied)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diffs {
		if d.Value1 != nil && d.Value1.IsFullyKnown() {
			t.Errorf("provider produced an inconsistent result: %s", d)
		}
	}
	if !applied.IsFullyKnown() {
		t.Errorf("the applied state has unknown values: %s", applied)
	}
}

func hasError(diags []*tfprotov6.Diagnostic) bool {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

// told renders diagnostics in full: severity, attribute, summary and detail.
func told(diags []*tfprotov6.Diagnostic) string {
	text := ""
	for _, d := range diags {
		text += fmt.Sprintf("%s %s: %s\n%s\n", d.Severity, d.Attribute, d.Summary, d.Detail)
	}
	return text
}

func wantNoError(t *testing.T, diags []*tfprotov6.Diagnostic) {
	t.Helper()
	if hasError(diags) {
		t.Fatalf("unexpected error:\n%s", told(diags))
	}
}

// imports imports by id, or by identity when id is empty, and reads, in
// another run.
func (c *core) imports(id string, identity object) []*tfprotov6.Diagnostic {
	c.t.Helper()
	c.rerun()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: c.kind, ID: id}
	if id == "" {
		req.Identity = identityOf(c.t, identity)
	}
	resp, err := c.ImportResourceState(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	if hasError(resp.Diagnostics) {
		return resp.Diagnostics
	}
	imported := resp.ImportedResources[0]
	c.state, c.private, c.identity = c.decode(imported.State), imported.Private, imported.Identity
	return c.refresh()
}

// identityOf encodes an identity of string attributes.
func identityOf(t *testing.T, identity object) *tfprotov6.ResourceIdentityData {
	t.Helper()
	of := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for name := range identity {
		of.AttributeTypes[name] = tftypes.String
	}
	encoded, err := tfprotov6.NewDynamicValue(of, valueOf(t, of, identity))
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &encoded}
}
