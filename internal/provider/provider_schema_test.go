package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// everySchema is each schema of the provider by a name such as "resource
// ccr_registry".
func everySchema(t *testing.T) map[string]*tfprotov6.Schema {
	t.Helper()
	server, err := protoFactories(quickWorld())["ccr"]()
	if err != nil {
		t.Fatal(err)
	}
	// This is where the framework validates every schema.
	resp, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantNoDiagnostics(t, resp.Diagnostics)
	schemas := map[string]*tfprotov6.Schema{"provider ccr": resp.Provider}
	for name, s := range resp.ResourceSchemas {
		schemas["resource "+name] = s
	}
	for name, s := range resp.DataSourceSchemas {
		schemas["data source "+name] = s
	}
	for name, s := range resp.ListResourceSchemas {
		schemas["list resource "+name] = s
	}
	for name, s := range resp.ActionSchemas {
		schemas["action "+name] = s.Schema
	}
	return schemas
}

// eachAttribute calls visit with every attribute, nested ones too, and its
// path.
func eachAttribute(path string, attributes []*tfprotov6.SchemaAttribute, visit func(string, *tfprotov6.SchemaAttribute)) {
	for _, a := range attributes {
		visit(path+"."+a.Name, a)
		if a.NestedType != nil {
			eachAttribute(path+"."+a.Name, a.NestedType.Attributes, visit)
		}
	}
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	want := []string{
		"provider ccr",
		"resource ccr_registry", "resource ccr_migration_policy", "resource ccr_policy_execution",
		"data source ccr_registry", "data source ccr_registries", "data source ccr_registry_health",
		"data source ccr_migration_policy", "data source ccr_policies", "data source ccr_executions",
		"list resource ccr_registry", "list resource ccr_migration_policy",
		"action ccr_start_policy", "action ccr_stop_execution", "action ccr_check_registry",
	}
	schemas := everySchema(t)
	for _, name := range want {
		if schemas[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if len(schemas) != len(want) {
		t.Errorf("there are %d schemas, %d are expected", len(schemas), len(want))
	}
	for name, s := range schemas {
		if s.Block.Description == "" || s.Block.DescriptionKind != tfprotov6.StringKindMarkdown {
			t.Errorf("%s has no description", name)
		}
		for _, b := range s.Block.BlockTypes {
			t.Errorf("%s has the block %q: this provider has attributes only", name, b.TypeName)
		}
		eachAttribute(name, s.Block.Attributes, func(path string, a *tfprotov6.SchemaAttribute) {
			if text := strings.TrimSpace(a.Description); !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ")") {
				t.Errorf("the description of %s is no sentence: %q", path, text)
			}
		})
	}
}

// A name that sounds secret is sensitive, wherever that can be said: actions
// have no such mark.
func TestSchemasHideSecrets(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(secret|password|token)(_key|_wo)?$`)
	found := 0
	for name, s := range everySchema(t) {
		eachAttribute(name, s.Block.Attributes, func(path string, a *tfprotov6.SchemaAttribute) {
			if !secret.MatchString(a.Name) {
				return
			}
			found++
			if !a.Sensitive && !strings.HasPrefix(name, "action ") {
				t.Errorf("%s is not sensitive", path)
			}
			if a.Computed || strings.HasPrefix(name, "data source ") || strings.HasPrefix(name, "list resource ") {
				t.Errorf("%s would be read back", path)
			}
		})
	}
	if found < 5 {
		t.Errorf("only %d secrets were found", found)
	}
}

// What can be written can be read about: defaults, environment variables and
// the values that are allowed.
func TestSchemasDocumentSettings(t *testing.T) {
	t.Parallel()
	schemas := everySchema(t)
	described := map[string]string{}
	for name, s := range schemas {
		eachAttribute(name, s.Block.Attributes, func(path string, a *tfprotov6.SchemaAttribute) { described[path] = a.Description })
	}
	for path, words := range map[string][]string{
		"provider ccr.endpoint":                             {"`CCR_ENDPOINT`", "`https://ccr.baidubce.com`", "`allow_plain_http`"},
		"provider ccr.access_key":                           {"`BAIDUCLOUD_ACCESS_KEY` or `BCE_ACCESS_KEY_ID`"},
		"provider ccr.secret_key":                           {"`BAIDUCLOUD_SECRET_KEY` or `BCE_SECRET_ACCESS_KEY`"},
		"provider ccr.session_token":                        {"`BAIDUCLOUD_SESSION_TOKEN` or `BCE_SECURITY_TOKEN`"},
		"provider ccr.allow_plain_http":                     {"`false`"},
		"provider ccr.request_timeout":                      {"`CCR_REQUEST_TIMEOUT`", "`30s`"},
		"provider ccr.max_retries":                          {"`CCR_MAX_RETRIES`", "`4`"},
		"provider ccr.requests_per_second":                  {"`0`"},
		"resource ccr_registry.type":                        {"`docker-registry`", "`harbor`"},
		"resource ccr_registry.insecure":                    {"Default: `false`"},
		"resource ccr_registry.require_healthy":             {"Default: `false`"},
		"resource ccr_registry.credential.type":             {"only `basic` for now, which is the default"},
		"resource ccr_registry.credential.access_secret_wo": {"`access_secret_wo_version`"},
		"resource ccr_migration_policy.override":            {"Default: `false`"},
		"resource ccr_migration_policy.trigger_type":        {"only `manual` for now, which is the default"},
		"resource ccr_migration_policy.filters.type":        {"`name`", "`tag`"},
		"resource ccr_migration_policy.timeouts.delete":     {"`10m`"},
		"resource ccr_policy_execution.on_failure":          {"`fail`", "`continue`"},
		"resource ccr_policy_execution.on_empty":            {"`fail`", "`continue`"},
		"resource ccr_policy_execution.wait_for_completion": {"`true`"},
		"resource ccr_policy_execution.timeouts.create":     {"`60m`"},
		"resource ccr_policy_execution.timeouts.delete":     {"`10m`"},
	} {
		text, ok := described[path]
		if !ok {
			t.Errorf("there is no %s", path)
		}
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("the description of %s lacks %s: %q", path, word, text)
			}
		}
	}
}

func TestIdentitySchemas(t *testing.T) {
	t.Parallel()
	server, err := protoFactories(quickWorld())["ccr"]()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantNoDiagnostics(t, resp.Diagnostics)
	for kind, names := range map[string][]string{
		"ccr_registry": {"id"}, "ccr_migration_policy": {"id"}, "ccr_policy_execution": {"id", "policy_id"},
	} {
		schema := resp.IdentitySchemas[kind]
		if schema == nil || len(schema.IdentityAttributes) != len(names) {
			t.Fatalf("the identity of %s is %v", kind, schema)
		}
		for _, a := range schema.IdentityAttributes {
			if !a.RequiredForImport || a.Description == "" {
				t.Errorf("%s.%s: required %t, %q", kind, a.Name, a.RequiredForImport, a.Description)
			}
		}
	}
}
