package provider

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// protocolServer is the provider as a CLI talks to it, without one.
type protocolServer struct {
	tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
}

// startProvider configures a provider for the mock.
func (m *testMock) startProvider(t *testing.T) *protocolServer {
	t.Helper()
	server, err := protoFactories(quickWorld())["ccr"]()
	if err != nil {
		t.Fatal(err)
	}
	s := &protocolServer{ProviderServer: server}
	if s.schema, err = server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	resp, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config: dynamic(t, s.schema.Provider.ValueType(), arguments{
			"endpoint": m.URL, "access_key": ccrmock.DefaultAccessKeyID, "secret_key": ccrmock.DefaultSecretAccessKey,
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNoDiagnostics(t, resp.Diagnostics)
	return s
}

// arguments are the string arguments of a block; the others are null.
type arguments map[string]string

// dynamic encodes arguments as an object of the type.
func dynamic(t *testing.T, of tftypes.Type, given arguments) *tfprotov6.DynamicValue {
	t.Helper()
	values := map[string]tftypes.Value{}
	for name, kind := range of.(tftypes.Object).AttributeTypes {
		values[name] = tftypes.NewValue(kind, nil)
	}
	for name, text := range given {
		values[name] = tftypes.NewValue(tftypes.String, text)
	}
	value, err := tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, values))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

// object is a value in plain Go: strings, booleans, integers, lists, objects
// and nil.
type object = map[string]any

func decode(t *testing.T, of tftypes.Type, value *tfprotov6.DynamicValue) object {
	t.Helper()
	if value == nil {
		return nil
	}
	decoded, err := value.Unmarshal(of)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := plain(t, decoded).(object)
	return out
}

func plain(t *testing.T, value tftypes.Value) any {
	t.Helper()
	if value.IsNull() {
		return nil
	}
	as := func(target any) {
		if err := value.As(target); err != nil {
			t.Fatal(err)
		}
	}
	switch of := value.Type(); {
	case of.Is(tftypes.String):
		var text string
		as(&text)
		return text
	case of.Is(tftypes.Bool):
		var flag bool
		as(&flag)
		return flag
	case of.Is(tftypes.Number):
		number := &big.Float{}
		as(&number)
		n, _ := number.Int64()
		return n
	case of.Is(tftypes.Object{}):
		var values map[string]tftypes.Value
		as(&values)
		out := object{}
		for name, v := range values {
			out[name] = plain(t, v)
		}
		return out
	}
	var values []tftypes.Value
	as(&values)
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = plain(t, v)
	}
	return out
}

// read validates and reads a data source as a plan does.
func (s *protocolServer) read(t *testing.T, name string, given arguments) (object, []*tfprotov6.Diagnostic) {
	t.Helper()
	of := s.schema.DataSourceSchemas[name].ValueType()
	config := dynamic(t, of, given)
	validated, err := s.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if len(validated.Diagnostics) > 0 {
		return nil, validated.Diagnostics
	}
	resp, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, of, resp.State), resp.Diagnostics
}

// mustRead is read without diagnostics.
func (s *protocolServer) mustRead(t *testing.T, name string, given arguments) object {
	t.Helper()
	state, diags := s.read(t, name, given)
	wantNoDiagnostics(t, diags)
	return state
}

// listed is one result of a list resource in plain Go.
type listed struct {
	name               string
	identity, resource object
	diags              []*tfprotov6.Diagnostic
}

// list validates and lists as a query does.
func (s *protocolServer) list(t *testing.T, name string, given arguments, limit int64, include bool) []listed {
	t.Helper()
	server := s.ProviderServer.(tfprotov6.ProviderServerWithListResource)
	of := s.schema.ListResourceSchemas[name].ValueType()
	config := dynamic(t, of, given)
	validated, err := server.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: name, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if len(validated.Diagnostics) > 0 {
		return []listed{{diags: validated.Diagnostics}}
	}
	stream, err := server.ListResource(t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: name, Config: config, Limit: limit, IncludeResource: include,
	})
	if err != nil {
		t.Fatal(err)
	}
	var results []listed
	for r := range stream.Results {
		result := listed{name: r.DisplayName, diags: r.Diagnostics}
		result.resource = decode(t, s.schema.ResourceSchemas[name].ValueType(), r.Resource)
		if r.Identity != nil {
			result.identity = decode(t, tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}, r.Identity.IdentityData)
		}
		results = append(results, result)
	}
	return results
}

func wantNoDiagnostics(t *testing.T, diags []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, d := range diags {
		t.Errorf("unexpected diagnostic: %s", diagnosticText(d))
	}
}

// wantError wants one error that says all of parts.
func wantError(t *testing.T, diags []*tfprotov6.Diagnostic, parts ...string) {
	t.Helper()
	if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityError {
		t.Fatalf("want one error, got %d diagnostics", len(diags))
	}
	text := diagnosticText(diags[0])
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the error lacks %q:\n%s", part, text)
		}
	}
}

func diagnosticText(d *tfprotov6.Diagnostic) string {
	return fmt.Sprintf("%s (%s): %s", d.Summary, d.Attribute, d.Detail)
}

// wantNowhere fails when one of secrets is anywhere in value.
func wantNowhere(t *testing.T, value any, secrets ...string) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}
