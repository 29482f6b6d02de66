package provider

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// driver is one run of the provider, spoken to as a CLI does. Whatever is not
// an answer of the provider is a bug of the driver, and a panic.
type driver struct{ server tfprotov6.ProviderServer }

// providerSchema is the same in every run.
var providerSchema = sync.OnceValue(func() *tfprotov6.GetProviderSchemaResponse {
	server := providerserver.NewProtocol6(newProvider("test", realWorld())())()
	return must(server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{}))
})

// newDriver starts a provider and configures it with settings.
func newDriver(ctx context.Context, w world, settings fields) (*driver, diagnostics) {
	d := &driver{server: providerserver.NewProtocol6(newProvider("test", w)())()}
	of := providerSchema().Provider.ValueType()
	resp := must(d.server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: encode(of, toValue(of, settings))}))
	return d, diagnosticsOf(resp.Diagnostics)
}

// driver starts a provider for the mock in the bubble.
func (b *bubble) driver(ctx context.Context, settings fields) (*driver, diagnostics) {
	all := fields{"endpoint": "http://127.0.0.1", "access_key": ccrmock.DefaultAccessKeyID, "secret_key": ccrmock.DefaultSecretAccessKey}
	maps.Copy(all, settings)
	return newDriver(ctx, b.world, all)
}

// instance is a resource as a state keeps it.
type instance struct {
	kind     string
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
}

// text is a string attribute, "" when it is null.
func (i *instance) text(name string) string {
	text, _ := i.fields()[name].(string)
	return text
}

func (i *instance) fields() fields { return fromValue(i.value).(fields) }

// change is what a plan holds for one resource.
type change struct {
	action   string // create, update, replace, delete or "" for none
	config   tftypes.Value
	planned  tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

func schemaOf(kind string) *tfprotov6.Schema {
	schema, ok := providerSchema().ResourceSchemas[kind]
	if !ok {
		panic("no resource " + kind)
	}
	return schema
}

// validate checks the configuration of a resource.
func (d *driver) validate(ctx context.Context, kind string, config fields) diagnostics {
	of := schemaOf(kind).ValueType()
	resp := must(d.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: kind, Config: encode(of, toValue(of, config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	}))
	return diagnosticsOf(resp.Diagnostics)
}

// read refreshes a resource; nil means that it is gone.
func (d *driver) read(ctx context.Context, i *instance) (*instance, diagnostics) {
	of := schemaOf(i.kind).ValueType()
	resp := must(d.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: i.kind, CurrentState: encode(of, i.value), Private: i.private, CurrentIdentity: i.identity,
	}))
	diags := diagnosticsOf(resp.Diagnostics)
	if diags.failed() {
		return i, diags
	}
	value := decodeValue(of, resp.NewState)
	if value.IsNull() {
		return nil, diags
	}
	return &instance{kind: i.kind, value: value, private: resp.Private, identity: resp.NewIdentity, tainted: i.tainted}, diags
}

// plan compares a resource with its configuration, nil for one to be deleted.
// A tainted one is replaced.
func (d *driver) plan(ctx context.Context, kind string, i *instance, config fields) (change, diagnostics) {
	of := schemaOf(kind).ValueType()
	if config == nil {
		return change{action: "delete", planned: tftypes.NewValue(of, nil), private: i.private, identity: i.identity}, nil
	}
	c := change{config: toValue(of, config), action: "create"}
	prior := &instance{kind: kind, value: tftypes.NewValue(of, nil)}
	if i != nil && !i.tainted {
		prior = i
	}
	resp := must(d.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, PriorState: encode(of, prior.value), Config: encode(of, c.config), PriorPrivate: prior.private, PriorIdentity: prior.identity,
		ProposedNewState: encode(of, proposed(schemaOf(kind).Block.Attributes, of, prior.value, c.config)),
	}))
	diags := diagnosticsOf(resp.Diagnostics)
	if diags.failed() {
		return change{}, diags
	}
	c.planned, c.private, c.identity = decodeValue(of, resp.PlannedState), resp.PlannedPrivate, resp.PlannedIdentity
	switch {
	case i == nil:
	case i.tainted:
		c.action = "replace"
	case c.planned.Equal(i.value):
		c.action = ""
	case len(resp.RequiresReplace) > 0:
		// Terraform keeps the warnings of the first plan and the errors of both.
		second, more := d.plan(ctx, kind, nil, config)
		if more.failed() {
			diags = append(diags, more...)
		}
		c = second
		c.action = "replace"
	default:
		c.action = "update"
	}
	return c, diags
}

// apply makes a change and returns the resource, nil when there is none.
func (d *driver) apply(ctx context.Context, kind string, i *instance, c change) (*instance, diagnostics) {
	if c.action == "replace" {
		deleted, diags := d.apply(ctx, kind, i, change{action: "delete", private: i.private, identity: i.identity})
		if diags.failed() {
			return deleted, diags
		}
		i, c.action = nil, "create"
	}
	of := schemaOf(kind).ValueType()
	null := tftypes.NewValue(of, nil)
	prior := null
	if i != nil {
		prior = i.value
	}
	if c.action == "delete" {
		c.config, c.planned = null, null
	}
	resp := must(d.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: kind, PriorState: encode(of, prior), PlannedState: encode(of, c.planned), Config: encode(of, c.config),
		PlannedPrivate: c.private, PlannedIdentity: c.identity,
	}))
	diags := diagnosticsOf(resp.Diagnostics)
	value := decodeValue(of, resp.NewState)
	if value.IsNull() {
		return nil, diags
	}
	if !diags.failed() {
		if fault := inconsistent(c.planned, value); fault != "" {
			diags = append(diags, diagnostic{summary: "Provider produced inconsistent result after apply", detail: fault, err: true})
		}
	}
	return &instance{
		kind: kind, value: value, private: resp.Private, identity: resp.NewIdentity,
		tainted: c.action == "create" && diags.failed(),
	}, diags
}

// importByID imports a resource without reading it.
func (d *driver) importByID(ctx context.Context, kind, id string) (*instance, diagnostics) {
	resp := must(d.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id}))
	if len(resp.ImportedResources) == 0 {
		return nil, diagnosticsOf(resp.Diagnostics)
	}
	r := resp.ImportedResources[0]
	return &instance{kind: kind, value: decodeValue(schemaOf(kind).ValueType(), r.State), private: r.Private, identity: r.Identity}, diagnosticsOf(resp.Diagnostics)
}

// invoke runs an action and returns what it said.
func (d *driver) invoke(ctx context.Context, kind string, config fields) (said []string, diags diagnostics) {
	of := providerSchema().ActionSchemas[kind].Schema.ValueType()
	stream := must(d.server.(tfprotov6.ProviderServerWithActions).InvokeAction(ctx, &tfprotov6.InvokeActionRequest{
		ActionType: kind, Config: encode(of, toValue(of, config)),
	}))
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			said = append(said, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diags = diagnosticsOf(e.Diagnostics)
		}
	}
	return said, diags
}

// proposed is what a CLI proposes for a plan: the configuration, and for what
// the provider computes the state.
func proposed(attributes []*tfprotov6.SchemaAttribute, of tftypes.Type, prior, config tftypes.Value) tftypes.Value {
	before, configured := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	as(config, &configured)
	if !prior.IsNull() {
		as(prior, &before)
	}
	out := map[string]tftypes.Value{}
	for _, a := range attributes {
		was, ok := before[a.Name]
		if !ok {
			was = tftypes.NewValue(a.ValueType(), nil)
		}
		value := configured[a.Name]
		switch {
		case a.WriteOnly:
			value = tftypes.NewValue(a.ValueType(), nil)
		case value.IsNull() && a.Computed:
			value = was
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle && value.IsFullyKnown() && !value.IsNull():
			value = proposed(a.NestedType.Attributes, a.ValueType(), was, value)
		}
		out[a.Name] = value
	}
	return tftypes.NewValue(of, out)
}

// inconsistent says what of a plan an apply did not keep to.
func inconsistent(planned, applied tftypes.Value) string {
	if !applied.IsFullyKnown() {
		return "unknown after apply: " + applied.String()
	}
	if !planned.IsKnown() {
		return ""
	}
	if !planned.Type().Is(tftypes.Object{}) || planned.IsNull() || applied.IsNull() {
		if planned.IsFullyKnown() && !planned.Equal(applied) {
			return fmt.Sprintf("planned %s, applied %s", planned, applied)
		}
		return ""
	}
	want, got := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	as(planned, &want)
	as(applied, &got)
	for name := range want {
		if fault := inconsistent(want[name], got[name]); fault != "" {
			return name + ": " + fault
		}
	}
	return ""
}
