package provider

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// protocol is a [driver] for one resource or action at a time, with what a CLI
// does around it: it validates before it plans and reads what it imported. It
// adds the interrupt, import by identity and an action's messages as they come.
type protocol struct{ *driver }

// newProtocol starts a provider and configures it.
func newProtocol(t *testing.T, w world, settings fields) *protocol {
	t.Helper()
	d, diags := newDriver(t.Context(), w, settings)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return &protocol{d}
}

// protocol starts a provider for the mock.
func (m *testMock) protocol(t *testing.T, w world, settings fields) *protocol {
	t.Helper()
	all := fields{"endpoint": m.URL, "access_key": ccrmock.DefaultAccessKeyID, "secret_key": ccrmock.DefaultSecretAccessKey}
	maps.Copy(all, settings)
	return newProtocol(t, w, all)
}

// planned validates and plans.
func (p *protocol) planned(ctx context.Context, kind string, now *instance, config fields) (change, diagnostics) {
	diags := p.validate(ctx, kind, config)
	if diags.failed() {
		return change{}, diags
	}
	c, more := p.plan(ctx, kind, now, config)
	return c, append(diags, more...)
}

// applied validates, plans and applies, and returns what there is then.
func (p *protocol) applied(ctx context.Context, kind string, now *instance, config fields) (*instance, diagnostics) {
	c, diags := p.planned(ctx, kind, now, config)
	if diags.failed() || c.action == "" {
		return now, diags
	}
	now, more := p.apply(ctx, kind, now, c)
	return now, append(diags, more...)
}

// destroyed destroys.
func (p *protocol) destroyed(ctx context.Context, now *instance) (*instance, diagnostics) {
	c, _ := p.plan(ctx, now.kind, now, nil)
	return p.apply(ctx, now.kind, now, c)
}

// imported imports by id, or by identity when id is empty, and reads. There is
// nothing to import when it returns nil without an error.
func (p *protocol) imported(ctx context.Context, kind, id string, identity fields) (*instance, diagnostics) {
	req := &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id}
	if id == "" {
		of := identityType(ctx, p.driver, kind)
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: encode(of.ValueType(), toValue(of.ValueType(), identity))}
	}
	resp := must(p.server.ImportResourceState(ctx, req))
	diags := diagnosticsOf(resp.Diagnostics)
	if diags.failed() {
		return nil, diags
	}
	r := resp.ImportedResources[0]
	now, more := p.read(ctx, &instance{kind: kind, value: decodeValue(schemaOf(kind).ValueType(), r.State), private: r.Private, identity: r.Identity})
	return now, append(diags, more...)
}

func identityType(ctx context.Context, d *driver, kind string) *tfprotov6.ResourceIdentitySchema {
	return must(d.server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})).IdentitySchemas[kind]
}

// identity is what an instance is named by.
func (p *protocol) identity(ctx context.Context, now *instance) fields {
	return fromValue(decodeValue(identityType(ctx, p.driver, now.kind).ValueType(), now.identity.IdentityData)).(fields)
}

// invoked validates, plans and invokes an action, and returns what it said. It
// tells each message as it comes, unless tell is nil.
func (p *protocol) invoked(ctx context.Context, kind string, config fields, tell func(string)) (said []string, diags diagnostics) {
	actions := p.server.(tfprotov6.ActionServer)
	of := providerSchema().ActionSchemas[kind].Schema.ValueType()
	value := encode(of, toValue(of, config))
	diags = diagnosticsOf(must(actions.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: kind, Config: value})).Diagnostics)
	if diags.failed() {
		return nil, diags
	}
	diags = append(diags, diagnosticsOf(must(actions.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: kind, Config: value})).Diagnostics)...)
	if diags.failed() {
		return nil, diags
	}
	stream := must(actions.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: kind, Config: value}))
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			said = append(said, e.Message)
			if tell != nil {
				tell(e.Message)
			}
		case tfprotov6.CompletedInvokeActionEventType:
			diags = append(diags, diagnosticsOf(e.Diagnostics)...)
		}
	}
	return said, diags
}

// interrupt is what the CLI's first Ctrl-C does: it ends the context of every
// call under way.
func (p *protocol) interrupt(ctx context.Context) {
	must(p.server.StopProvider(ctx, &tfprotov6.StopProviderRequest{}))
}

// wantsError ends the test unless the one error found has this summary and says
// each of parts, and no warning came with it.
func wantsError(t *testing.T, diags diagnostics, summary string, parts ...string) {
	t.Helper()
	wantsOne(t, diags, diagnostic{summary: summary, err: true}, parts)
}

// wantsWarning does the same for a warning.
func wantsWarning(t *testing.T, diags diagnostics, summary string, parts ...string) {
	t.Helper()
	wantsOne(t, diags, diagnostic{summary: summary}, parts)
}

func wantsOne(t *testing.T, diags diagnostics, want diagnostic, parts []string) {
	t.Helper()
	if len(diags) != 1 || diags[0].err != want.err || diags[0].summary != want.summary {
		t.Fatalf("want one diagnostic with the summary %q (an error: %t), have %d:\n%s", want.summary, want.err, len(diags), diags)
	}
	for _, part := range parts {
		if !strings.Contains(diags[0].detail, part) {
			t.Errorf("the detail does not say %q:\n%s", part, diags[0].detail)
		}
	}
	if strings.Count(diags[0].detail, "Next step:") > 1 {
		t.Errorf("the detail has more than one next step:\n%s", diags[0].detail)
	}
}

func wantsNone(t *testing.T, diags diagnostics) {
	t.Helper()
	if len(diags) > 0 {
		t.Fatalf("want no diagnostics, have:\n%s", diags)
	}
}

// wantsState ends the test unless there is an instance, with these attributes.
func wantsState(t *testing.T, now *instance, want fields) {
	t.Helper()
	if now == nil {
		t.Fatal("there is no state")
	}
	have := now.fields()
	for name, value := range want {
		if have[name] != value {
			t.Errorf("%s is %#v, want %#v", name, have[name], value)
		}
	}
}

func wantsGone(t *testing.T, now *instance) {
	t.Helper()
	if now != nil {
		t.Errorf("there is a state: %v", now.fields())
	}
}

// TestProtocolValidates holds that a plan begins with what `validate` refuses.
func TestProtocolValidates(t *testing.T) {
	t.Parallel()
	p := startMock(t).protocol(t, quickWorld(), nil)
	_, diags := p.planned(t.Context(), "ccr_policy_execution", nil, fields{"policy_id": "web"})
	if !diags.failed() || !slices.ContainsFunc(diags, func(d diagnostic) bool { return strings.Contains(d.detail, `"web" is not an id`) }) {
		t.Errorf("have %s", diags)
	}
}
