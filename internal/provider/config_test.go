package provider

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// settingCase says of one setting where it comes from and where it goes to. No
// two have a value in common, so that a setting read from or into another's
// place shows.
type settingCase struct {
	name      string
	argument  func(*configModel)
	variables []string
	fallback  any
	field     func(client.Config) any
	// values for the argument and for each variable, as the field has them.
	fromArgument any
	fromVariable []any
}

var settingCases = []settingCase{
	{
		name: "endpoint", variables: []string{"CCR_ENDPOINT"}, fallback: "https://ccr.baidubce.com",
		argument:     func(m *configModel) { m.Endpoint = types.StringValue("https://argument.example:8443/") },
		fromArgument: "https://argument.example:8443", fromVariable: []any{"https://variable.example"},
		field: func(c client.Config) any { return c.Endpoint.String() },
	},
	{
		name: "access_key", variables: []string{"BAIDUCLOUD_ACCESS_KEY", "BCE_ACCESS_KEY_ID"}, fallback: "",
		argument:     func(m *configModel) { m.AccessKey = types.StringValue("ak-argument") },
		fromArgument: "ak-argument", fromVariable: []any{"ak-first", "ak-second"},
		field: func(c client.Config) any { return c.AccessKey },
	},
	{
		name: "secret_key", variables: []string{"BAIDUCLOUD_SECRET_KEY", "BCE_SECRET_ACCESS_KEY"}, fallback: "",
		argument:     func(m *configModel) { m.SecretKey = types.StringValue("sk-argument") },
		fromArgument: "sk-argument", fromVariable: []any{"sk-first", "sk-second"},
		field: func(c client.Config) any { return c.SecretKey },
	},
	{
		name: "session_token", variables: []string{"BAIDUCLOUD_SESSION_TOKEN", "BCE_SECURITY_TOKEN"}, fallback: "",
		argument:     func(m *configModel) { m.SessionToken = types.StringValue("st-argument") },
		fromArgument: "st-argument", fromVariable: []any{"st-first", "st-second"},
		field: func(c client.Config) any { return c.SessionToken },
	},
	{
		name: "request_timeout", variables: []string{"CCR_REQUEST_TIMEOUT"}, fallback: 30 * time.Second,
		argument:     func(m *configModel) { m.RequestTimeout = types.StringValue("11s") },
		fromArgument: 11 * time.Second, fromVariable: []any{12 * time.Second},
		field: func(c client.Config) any { return c.RequestTimeout },
	},
	{
		name: "max_retries", variables: []string{"CCR_MAX_RETRIES"}, fallback: 4,
		argument:     func(m *configModel) { m.MaxRetries = types.Int64Value(0) },
		fromArgument: 0, fromVariable: []any{13},
		field: func(c client.Config) any { return c.MaxRetries },
	},
	{
		name: "requests_per_second", fallback: 0.0,
		argument:     func(m *configModel) { m.RequestsPerSecond = types.Float64Value(1.0 / 3) },
		fromArgument: 1.0 / 3,
		field:        func(c client.Config) any { return c.RequestsPerSecond },
	},
}

// resolved is what a model and an environment come to, missing keys aside.
func resolved(t *testing.T, m *configModel, environment map[string]string) client.Config {
	t.Helper()
	cfg, diags := m.resolve(func(name string) string { return environment[name] })
	for _, d := range diags {
		if d.Summary() != "Missing CCR credential" {
			t.Fatalf("%s: %s", d.Summary(), d.Detail())
		}
	}
	return cfg
}

func TestConfigSettings(t *testing.T) {
	t.Parallel()
	every := map[string]string{} // every variable of every setting
	for _, s := range settingCases {
		for i, variable := range s.variables {
			every[variable] = fmt.Sprint(s.fromVariable[i])
		}
	}
	for _, s := range settingCases {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			want := func(what string, m *configModel, environment map[string]string, want any) {
				t.Helper()
				if got := s.field(resolved(t, m, environment)); got != want {
					t.Errorf("%s: got %v, want %v", what, got, want)
				}
			}
			argument := &configModel{}
			s.argument(argument)
			want("default", &configModel{}, nil, s.fallback)
			want("argument", argument, nil, s.fromArgument)
			want("argument before variables", argument, every, s.fromArgument)
			environment := maps.Clone(every)
			for i, variable := range s.variables {
				want(variable, &configModel{}, environment, s.fromVariable[i])
				environment[variable] = " \t" // as good as unset
			}
			want("default where only others are set", &configModel{}, environment, s.fallback)
			// Nobody else's place is touched.
			for _, other := range settingCases {
				if got := other.field(resolved(t, argument, nil)); other.name != s.name && got != other.fallback {
					t.Errorf("the argument %s sets %s to %v", s.name, other.name, got)
				}
			}
		})
	}
}

// The table covers every setting there is.
func TestConfigCasesAreComplete(t *testing.T) {
	t.Parallel()
	covered := []string{"allow_plain_http"} // TestConfigPlainHTTP
	for _, s := range settingCases {
		covered = append(covered, s.name)
	}
	var names, arguments []string
	for _, s := range settings {
		names = append(names, s.name)
		for _, c := range settingCases {
			if c.name == s.name && !slices.Equal(c.variables, s.variables) {
				t.Errorf("%s reads %q", s.name, s.variables)
			}
		}
	}
	for field := range reflect.TypeFor[configModel]().Fields() {
		arguments = append(arguments, field.Tag.Get("tfsdk"))
	}
	for _, list := range [][]string{covered, names, arguments} {
		slices.Sort(list)
	}
	if !slices.Equal(names, arguments) || !slices.Equal(names, covered) {
		t.Errorf("settings %q, arguments %q, tested %q", names, arguments, covered)
	}
}

func TestConfigTrimsPastedKeys(t *testing.T) {
	t.Parallel()
	cfg := resolved(t, &configModel{AccessKey: types.StringValue(" ak\n")}, map[string]string{"BAIDUCLOUD_SECRET_KEY": "sk\r\n"})
	if cfg.AccessKey != "ak" || cfg.SecretKey != "sk" {
		t.Errorf("got %q and %q", cfg.AccessKey, cfg.SecretKey)
	}
}

func TestConfigPlainHTTP(t *testing.T) {
	t.Parallel()
	for endpoint, refused := range map[string]bool{
		"http://127.0.0.1:8080":           false,
		"http://127.8.8.8":                false,
		"http://[::1]:8080":               false,
		"http://localhost:8080":           false,
		"http://LocalHost":                false,
		"https://ccr.example":             false,
		"ccr.example":                     false,
		"ccr.example:8443":                false,
		"http://ccr.example":              true,
		"HTTP://ccr.example":              true,
		"http://localhost.example":        true,
		"http://127.0.0.1.example":        true,
		"http://10.0.0.1":                 true,
		"http://[::ffff:10.0.0.1]:8080":   true,
		"http://0.0.0.0":                  true,
		"http://[fe80::1%25eth0]:8080":    true,
		"http://hub.baidubce.com@1.2.3.4": true, // for another reason
	} {
		for _, allow := range []types.Bool{types.BoolNull(), types.BoolValue(false), types.BoolValue(true)} {
			m := &configModel{
				Endpoint: types.StringValue(endpoint), AllowPlainHTTP: allow,
				AccessKey: types.StringValue("a"), SecretKey: types.StringValue("s"),
			}
			_, diags := m.resolve(func(string) string { return "" })
			if want := refused && (!allow.ValueBool() || strings.Contains(endpoint, "@")); diags.HasError() != want {
				t.Errorf("%s with allow_plain_http = %s: %v", endpoint, allow, diags)
			}
		}
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	keys := configModel{AccessKey: types.StringValue("a"), SecretKey: types.StringValue("s")}
	with := func(change func(*configModel)) *configModel {
		m := keys
		change(&m)
		return &m
	}
	endpoint := func(text string) *configModel {
		return with(func(m *configModel) { m.Endpoint = types.StringValue(text) })
	}
	const unknownText = "The value of %[1]q depends on something that is decided only during apply, and CCR cannot be asked anything without it.\n\n" +
		"Next step: set it from a variable or the environment, or apply what it depends on first (-target)."
	for name, c := range map[string]struct {
		model       *configModel
		environment map[string]string
		want        string
	}{
		"no access key": {with(func(m *configModel) { m.AccessKey = types.StringNull() }), nil, `access_key: Missing CCR credential
The argument "access_key" is not set, and neither is the environment variable BAIDUCLOUD_ACCESS_KEY or BCE_ACCESS_KEY_ID.

Next step: create an access key in the Baidu AI Cloud console (Identity and Access Management, Access Keys) and export it: BAIDUCLOUD_ACCESS_KEY=...`},
		"an empty secret key": {with(func(m *configModel) { m.SecretKey = types.StringValue("") }), nil, `secret_key: Missing CCR credential
The argument "secret_key" is not set, and neither is the environment variable BAIDUCLOUD_SECRET_KEY or BCE_SECRET_ACCESS_KEY.

Next step: create an access key in the Baidu AI Cloud console (Identity and Access Management, Access Keys) and export it: BAIDUCLOUD_SECRET_KEY=...`},
		"no keys": {with(func(m *configModel) { m.AccessKey, m.SecretKey = types.StringNull(), types.StringNull() }), nil, `access_key: Missing CCR credential
The argument "access_key" is not set, and neither is the environment variable BAIDUCLOUD_ACCESS_KEY or BCE_ACCESS_KEY_ID.
The argument "secret_key" is not set, and neither is the environment variable BAIDUCLOUD_SECRET_KEY or BCE_SECRET_ACCESS_KEY.

Next step: create an access key in the Baidu AI Cloud console (Identity and Access Management, Access Keys) and export it: BAIDUCLOUD_ACCESS_KEY=... BAIDUCLOUD_SECRET_KEY=...`},
		"a key with a line break": {with(func(m *configModel) { m.SecretKey = types.StringValue("half-a\nsecret") }), nil, `secret_key: Invalid provider setting
The argument "secret_key": the character at byte 6 is none that a key has; copy the key again, without blanks and line breaks.`},
		"unknown endpoint":   {with(func(m *configModel) { m.Endpoint = types.StringUnknown() }), nil, "endpoint: Provider setting is not known yet\n" + fmt.Sprintf(unknownText, "endpoint")},
		"unknown secret key": {with(func(m *configModel) { m.SecretKey = types.StringUnknown() }), nil, "secret_key: Provider setting is not known yet\n" + fmt.Sprintf(unknownText, "secret_key")},
		"unknown retries":    {with(func(m *configModel) { m.MaxRetries = types.Int64Unknown() }), nil, "max_retries: Provider setting is not known yet\n" + fmt.Sprintf(unknownText, "max_retries")},
		"unknown permission": {with(func(m *configModel) { m.AllowPlainHTTP = types.BoolUnknown() }), nil, "allow_plain_http: Provider setting is not known yet\n" + fmt.Sprintf(unknownText, "allow_plain_http")},
		"plain http": {endpoint("http://ccr.example"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "http://ccr.example" is plain http and its host is not a loopback address, so registry credentials would cross the network in the clear; use https, or set allow_plain_http = true if you accept that.`},
		"plain http from the environment": {&keys, map[string]string{"CCR_ENDPOINT": "http://ccr.example"}, `endpoint: Invalid provider setting
The environment variable CCR_ENDPOINT: "http://ccr.example" is plain http and its host is not a loopback address, so registry credentials would cross the network in the clear; use https, or set allow_plain_http = true if you accept that.`},
		"another scheme": {endpoint("ftp://ccr.example"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "ftp://ccr.example" has the scheme "ftp" where https is expected.`},
		"user info": {endpoint("https://joe:hunter2@ccr.example"), nil, `endpoint: Invalid provider setting
The argument "endpoint": the endpoint https://ccr.example must not carry a user or password; keys have settings of their own.`},
		"user info in another scheme": {endpoint("ftp://joe:hunter2@ccr.example"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "…@ccr.example" has the scheme "ftp" where https is expected.`},
		"user info in what is no URL": {endpoint("https://joe:hunter2@ccr.example:port"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "…@ccr.example:port" is not a URL.`},
		"user info without a host": {endpoint("https://joe:hunter2@"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "…@" has no host.`},
		"no host": {endpoint("https://"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "https://" has no host.`},
		"path": {endpoint("https://ccr.example/v1/ccr"), nil, `endpoint: Invalid provider setting
The argument "endpoint": "https://ccr.example/v1/ccr" has more than a scheme and a host; the provider adds the path itself.`},
		"timeout": {with(func(m *configModel) { m.RequestTimeout = types.StringValue("30") }), nil, `request_timeout: Invalid provider setting
The argument "request_timeout": "30" is not a positive duration such as 30s, 5m or 1h30m.`},
		"no time": {&keys, map[string]string{"CCR_REQUEST_TIMEOUT": "0s"}, `request_timeout: Invalid provider setting
The environment variable CCR_REQUEST_TIMEOUT: "0s" is not a positive duration such as 30s, 5m or 1h30m.`},
		"retries": {&keys, map[string]string{"CCR_MAX_RETRIES": "many"}, `max_retries: Invalid provider setting
The environment variable CCR_MAX_RETRIES: "many" is not a whole number from 0 to 100.`},
		"negative retries": {with(func(m *configModel) { m.MaxRetries = types.Int64Value(-1) }), nil, `max_retries: Invalid provider setting
The argument "max_retries": "-1" is not a whole number from 0 to 100.`},
		"negative rate": {with(func(m *configModel) { m.RequestsPerSecond = types.Float64Value(-0.5) }), nil, `requests_per_second: Invalid provider setting
The argument "requests_per_second": "-0.5" is not a number from 0 to 1000000.`},
		"two at once": {with(func(m *configModel) {
			m.MaxRetries, m.RequestTimeout = types.Int64Value(101), types.StringValue("soon")
		}), nil, `request_timeout: Invalid provider setting
The argument "request_timeout": "soon" is not a positive duration such as 30s, 5m or 1h30m.
max_retries: Invalid provider setting
The argument "max_retries": "101" is not a whole number from 0 to 100.`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := c.model.resolve(func(name string) string { return c.environment[name] })
			var got []string
			for _, d := range diags {
				got = append(got, fmt.Sprintf("%s: %s\n%s", d.(diag.DiagnosticWithPath).Path(), d.Summary(), d.Detail()))
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the user sees, at the argument, before anything is sent.
func TestConfigAtPlanTime(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	block := declaredRegistry.block(`resource "ccr_registry" "test"`)
	given := hcl{"endpoint": `"` + m.URL + `"`, "access_key": `"mock-access-key"`, "secret_key": `"mock-secret-key"`}
	plan := func(changed hcl, parts ...string) resource.TestStep {
		return resource.TestStep{
			Config:      hcl{"input": `"late"`}.block(`resource "terraform_data" "late"`) + given.with(changed).block(`provider "ccr"`) + block,
			PlanOnly:    true,
			ExpectError: says(parts...),
		}
	}
	acceptance(t, resource.TestCase{Steps: []resource.TestStep{
		plan(hcl{"access_key": ""}, "Missing CCR credential", "access_key", "BAIDUCLOUD_ACCESS_KEY"),
		plan(hcl{"secret_key": "terraform_data.late.output"}, "Provider setting is not known yet", "secret_key", "=", "terraform_data.late.output"),
		plan(hcl{"endpoint": "terraform_data.late.output"}, "Provider setting is not known yet", "endpoint", "="),
		plan(hcl{"endpoint": `"http://ccr.example"`}, "Invalid provider setting", "endpoint", "=", "plain http"),
	}})
	if n := len(m.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// The environment is enough.
func TestConfigFromTheEnvironment(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	w := quickWorld()
	w.getenv = func(name string) string {
		return map[string]string{"CCR_ENDPOINT": m.URL, "BCE_ACCESS_KEY_ID": "mock-access-key", "BCE_SECRET_ACCESS_KEY": "mock-secret-key"}[name]
	}
	acceptance(t, resource.TestCase{
		ProtoV6ProviderFactories: protoFactories(w),
		CheckDestroy:             m.holdsNothing,
		Steps:                    []resource.TestStep{{Config: declaredRegistry.block(`resource "ccr_registry" "test"`), Check: m.holds(heldRegistry)}},
	})
}
