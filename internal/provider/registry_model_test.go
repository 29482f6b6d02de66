package provider

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func TestRegistryModelInput(t *testing.T) {
	t.Parallel()
	m := registryModel{
		ID: types.StringValue("7"), Name: types.StringValue("cce"), Type: types.StringValue("harbor"), URL: types.StringValue("http://hub.example"),
		Description: types.StringValue("a hub"), Insecure: types.BoolValue(true),
		Credential:     &credentialModel{Type: types.StringValue("basic"), AccessKey: types.StringValue("u"), AccessSecret: types.StringValue("plain")},
		RequireHealthy: types.BoolValue(true), Status: types.StringValue("healthy"),
	}
	full := client.RegistryInput{
		Type: "harbor", Name: "cce", Description: "a hub", URL: "http://hub.example", Insecure: true,
		Credential: client.Credential{Type: "basic", AccessKey: "u", AccessSecret: "plain"},
	}
	writeOnly := full
	writeOnly.Credential.AccessSecret = "wo"
	none := full
	none.Credential.AccessSecret, none.Description = "", ""
	bare := m
	bare.Description = types.StringNull()
	bare.Credential = &credentialModel{Type: types.StringValue("basic"), AccessKey: types.StringValue("u")}

	for name, c := range map[string]struct {
		m          registryModel
		configured *credentialModel
		want       client.RegistryInput
	}{
		"plain, nothing configured": {m, nil, full},
		"plain":                     {m, &credentialModel{AccessSecret: types.StringValue("plain")}, full},
		"write-only":                {bareDescribed(bare, "a hub"), &credentialModel{AccessSecretWO: types.StringValue("wo")}, writeOnly},
		"no secret":                 {bare, &credentialModel{}, none},
		"a secret of no characters": {bare, &credentialModel{AccessSecretWO: types.StringValue("")}, none},
	} {
		if diff := cmp.Diff(c.want, c.m.input(c.configured)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func bareDescribed(m registryModel, text string) registryModel {
	m.Description = types.StringValue(text)
	return m
}

var registryTime = client.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)}

func TestRegistryModelRead(t *testing.T) {
	t.Parallel()
	full := client.Registry{
		ID: 1<<53 + 1, Name: "cce", URL: "http://hub.example", Type: "harbor", Description: "a hub", Insecure: true,
		Credential: client.Credential{Type: "basic", AccessKey: "*****", AccessSecret: "*****"}, Status: "normal",
		CreationTime: registryTime, UpdateTime: registryTime,
	}
	read := func(before registryModel, change func(*client.Registry)) registryModel {
		r := full
		change(&r)
		before.read(r)
		return before
	}
	fresh := read(registryModel{}, func(*client.Registry) {})
	want := registryModel{
		ID: types.StringValue("9007199254740993"), Name: types.StringValue("cce"), Type: types.StringValue("harbor"), URL: types.StringValue("http://hub.example"),
		Description: types.StringValue("a hub"), Insecure: types.BoolValue(true), Credential: &credentialModel{Type: types.StringValue("basic")},
		RequireHealthy: types.BoolValue(false), Status: types.StringValue("normal"),
		CreationTime: types.StringValue("2026-01-02T03:04:05.0000006Z"), UpdateTime: types.StringValue("2026-01-02T03:04:05.0000006Z"),
	}
	if !reflect.DeepEqual(fresh, want) {
		t.Errorf("after an import: got %+v %+v", fresh, fresh.Credential)
	}

	mine := func() registryModel {
		m := fresh
		m.RequireHealthy = types.BoolValue(true)
		m.Credential = &credentialModel{
			Type: types.StringValue("basic"), AccessKey: types.StringValue("u"), AccessSecret: types.StringValue("s"),
			AccessSecretWOVersion: types.Int64Value(3),
		}
		return m
	}
	for name, c := range map[string]struct {
		change func(*client.Registry)
		want   func(*registryModel)
	}{
		"nothing":        {func(*client.Registry) {}, func(*registryModel) {}},
		"masked by null": {func(r *client.Registry) { r.Credential = client.Credential{} }, func(*registryModel) {}},
		"user shown":     {func(r *client.Registry) { r.Credential.AccessKey = "v" }, func(m *registryModel) { m.Credential.AccessKey = types.StringValue("v") }},
		"secret shown":   {func(r *client.Registry) { r.Credential.AccessSecret = "other" }, func(*registryModel) {}},
		"closing slash":  {func(r *client.Registry) { r.URL += "/" }, func(*registryModel) {}},
		"another URL":    {func(r *client.Registry) { r.URL += "/x" }, func(m *registryModel) { m.URL = types.StringValue("http://hub.example/x") }},
		"cleared":        {func(r *client.Registry) { r.Description = "" }, func(m *registryModel) { m.Description = types.StringNull() }},
		"unchecked":      {func(r *client.Registry) { r.Status = "" }, func(m *registryModel) { m.Status = types.StringNull() }},
		"no times": {func(r *client.Registry) { r.CreationTime, r.UpdateTime = client.Time{}, client.Time{} }, func(m *registryModel) {
			m.CreationTime, m.UpdateTime = types.StringNull(), types.StringNull()
		}},
	} {
		got, want := read(mine(), c.change), mine()
		c.want(&want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v %+v", name, got, got.Credential)
		}
	}
}

// settle gives what the plan left open, and nothing else.
func TestRegistryModelSettle(t *testing.T) {
	t.Parallel()
	planned := func() registryModel {
		return registryModel{Status: types.StringUnknown(), CreationTime: types.StringValue("then"), UpdateTime: types.StringUnknown()}
	}
	m := planned()
	m.settle(client.Registry{})
	if !m.Status.IsNull() || m.CreationTime.ValueString() != "then" || !m.UpdateTime.IsNull() {
		t.Errorf("without an answer: %+v", m)
	}
	m.settle(client.Registry{Status: "normal", CreationTime: registryTime, UpdateTime: registryTime})
	if m.Status.ValueString() != "normal" || m.CreationTime.ValueString() != "then" || m.UpdateTime.ValueString() != registryTime.String() {
		t.Errorf("with the answer after it: %+v", m)
	}
}

func TestOptionalText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before types.String
		text   string
		want   types.String
	}{
		{types.StringNull(), "", types.StringNull()},
		{types.StringValue(""), "", types.StringValue("")}, // as it was declared
		{types.StringValue("a"), "", types.StringNull()},
		{types.StringUnknown(), "", types.StringNull()},
		{types.StringNull(), "a", types.StringValue("a")},
		{types.StringValue(""), "a", types.StringValue("a")},
		{types.StringUnknown(), "a", types.StringValue("a")},
	} {
		if got := optionalText(c.before, c.text); !got.Equal(c.want) {
			t.Errorf("%s, then %q: got %s, want %s", c.before, c.text, got, c.want)
		}
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"": true, "*": true, "*****": true, "u": false, "u***": false, "***u": false} {
		if masked(value) != want {
			t.Errorf("masked(%q) is %t", value, !want)
		}
	}
}
