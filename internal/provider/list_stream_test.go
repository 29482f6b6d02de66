package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestListReadsEveryPage(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.SeedPolicies(250, "p", m.SeedRegistries(250, "r")[0])
	s := m.startProvider(t)
	for _, name := range []string{"ccr_registry", "ccr_migration_policy"} {
		seen := map[any]bool{}
		for _, r := range s.list(t, name, arguments{}, 0, false) {
			wantNoDiagnostics(t, r.diags)
			id, _ := r.identity["id"].(string)
			if r.name != map[string]string{"ccr_registry": "r-", "ccr_migration_policy": "p-"}[name]+id {
				t.Errorf("%s %q has the identity %v", name, r.name, r.identity)
			}
			if r.resource != nil {
				t.Errorf("%s %q comes with its resource unasked", name, r.name)
			}
			seen[id] = true
		}
		if len(seen) != 250 {
			t.Errorf("%d of 250: %s", len(seen), name)
		}
	}
	if n := m.Count("GET", "/v1/ccr/registries"); n != 3 {
		t.Errorf("%d requests for registries: a policy's source is looked up only for its resource", n)
	}
}

func TestListHonoursTheLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit    int64
		given    arguments
		results  int
		requests int
	}{
		{1, nil, 1, 1}, {100, nil, 100, 1}, {101, nil, 101, 2}, {250, nil, 250, 3}, {1000, nil, 250, 3}, {0, nil, 250, 3},
		{5, arguments{"name_regex": "7$"}, 5, 1},
	} {
		m := startMock(t)
		m.SeedPolicies(250, "p", 1)
		results := m.startProvider(t).list(t, "ccr_migration_policy", c.given, c.limit, false)
		requests := m.Count("GET", "/v1/ccr/policies")
		if len(results) != c.results || requests > c.requests && c.given == nil {
			t.Errorf("limit %d: %d results after %d requests, want %d after %d", c.limit, len(results), requests, c.results, c.requests)
		}
	}
}

func TestListWithResource(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	id := m.CreateRegistry(ccrmock.Registry{
		Name: "cce-hub", URL: "http://hub.baidubce.com", AccessKey: "puller", AccessSecret: "s3cr3t", Insecure: true,
		Status: ccrmock.RegistryUnhealthy, CreationTime: someTime, UpdateTime: someTime,
	})
	m.CreatePolicy(ccrmock.Policy{
		Name: "web", SrcRegistryID: id, DestProjectName: "public", Override: true, CreationTime: someTime, UpdateTime: someTime,
		Filters: []ccrmock.Filter{{Type: "name", Value: "cce/web"}},
	})
	s := m.startProvider(t)
	for name, want := range map[string]object{
		"ccr_registry": {
			"id": "1", "name": "cce-hub", "type": "docker-registry", "url": "http://hub.baidubce.com", "description": nil, "insecure": true,
			"credential": object{
				"type": "basic", "access_key": nil, "access_secret": nil, "access_secret_wo": nil, "access_secret_wo_version": nil,
			},
			"require_healthy": false, "status": "unhealthy", "creation_time": someTimeText, "update_time": someTimeText,
		},
		"ccr_migration_policy": {
			"id": "1", "name": "web", "description": nil, "src_registry_id": "1", "dest_project_name": "public", "override": true, "filters": nil,
			"trigger_type": "manual", "timeouts": nil, "enabled": true, "pull_base": true, "creation_time": someTimeText, "update_time": someTimeText,
		},
	} {
		results := s.list(t, name, arguments{}, 100, true)
		if len(results) != 1 {
			t.Fatalf("%d results", len(results))
		}
		wantNoDiagnostics(t, results[0].diags)
		if diff := cmp.Diff(want, results[0].resource); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	m.ReturnFilters(true)
	results := s.list(t, "ccr_migration_policy", arguments{}, 100, true)
	if diff := cmp.Diff([]any{object{"type": "name", "value": "cce/web"}}, results[0].resource["filters"]); diff != "" {
		t.Error(diff)
	}
}

func TestListOfPoliciesListsRegistriesOnce(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.SeedPolicies(120, "p", m.SeedRegistries(1, "r")[0])
	for _, r := range m.startProvider(t).list(t, "ccr_migration_policy", arguments{}, 0, true) {
		wantNoDiagnostics(t, r.diags)
		if r.resource["src_registry_id"] != "1" {
			t.Errorf("%s has the source %v", r.name, r.resource["src_registry_id"])
		}
	}
	if n := m.Count("GET", "/v1/ccr/registries"); n != 1 {
		t.Errorf("%d listings of registries", n)
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	seedPolicies(m)
	s := m.startProvider(t)
	for _, c := range []struct {
		kind  string
		given arguments
		want  map[string]bool
	}{
		{"ccr_registry", arguments{"keyword": "cce"}, map[string]bool{"cce-hub": true}},
		{"ccr_registry", arguments{"type": "harbor"}, map[string]bool{"harbor": true}},
		{"ccr_registry", arguments{"type": "docker-registry", "keyword": "harbor"}, map[string]bool{}},
		{"ccr_migration_policy", arguments{"name_regex": "^web"}, map[string]bool{"web": true, "web-2": true}},
	} {
		got := map[string]bool{}
		for _, r := range s.list(t, c.kind, c.given, 100, false) {
			wantNoDiagnostics(t, r.diags)
			got[r.name] = true
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %v: %s", c.kind, c.given, diff)
		}
	}
	results := s.list(t, "ccr_migration_policy", arguments{"name_regex": "a)"}, 100, false)
	wantError(t, results[0].diags, "unexpected ) at byte 1")
	results = s.list(t, "ccr_registry", arguments{"type": "gitlab"}, 100, false)
	wantError(t, results[0].diags, "docker-registry")
}

// An error on a later page must not make a list that looks complete.
func TestListReportsErrorsOnEveryPage(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct{ name, path, summary string }{
		{"ccr_registry", "/v1/ccr/registries", "Listing the registries failed"},
		{"ccr_migration_policy", "/v1/ccr/policies", "Listing the policies failed"},
	} {
		for page, before := range map[string]int{"pageNo=1": 0, "pageNo=2": 100} {
			m := startMock(t)
			m.SeedPolicies(250, "p", m.SeedRegistries(250, "r")[0])
			m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: kind.path, QueryContains: page, Times: -1})
			results := m.startProvider(t).list(t, kind.name, arguments{}, 0, false)
			if len(results) != before+1 {
				t.Fatalf("%s %s: %d results", kind.name, page, len(results))
			}
			for _, r := range results[:before] {
				wantNoDiagnostics(t, r.diags)
			}
			wantError(t, results[before].diags, kind.summary, "AccessDenied", "Request id: ")
		}
	}
}

func TestListReportsErrorsOfSources(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.SeedPolicies(3, "p", m.SeedRegistries(1, "r")[0])
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Path: "/v1/ccr/registries", Times: -1})
	results := m.startProvider(t).list(t, "ccr_migration_policy", arguments{}, 100, true)
	if len(results) != 1 {
		t.Fatalf("%d results", len(results))
	}
	wantError(t, results[0].diags, "Listing the policies failed", "/v1/ccr/registries")
}

func TestQuery(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	id := m.SeedRegistries(120, "r")[0]
	m.CreatePolicy(ccrmock.Policy{Name: "web", SrcRegistryID: id, DestProjectName: "public"})
	acceptance(t, resource.TestCase{
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		Steps: []resource.TestStep{{
			Query: true,
			Config: m.providerConfig() + `
list "ccr_registry" "some" {
  provider = ccr
  limit    = 105
}

list "ccr_migration_policy" "web" {
  provider         = ccr
  include_resource = true
  config {
    name_regex = "^web$"
  }
}
`,
			QueryResultChecks: []querycheck.QueryResultCheck{
				querycheck.ExpectLength("ccr_registry.some", 105),
				querycheck.ExpectLength("ccr_migration_policy.web", 1),
				querycheck.ExpectIdentity("ccr_migration_policy.web", map[string]knownvalue.Check{"id": knownvalue.StringExact("1")}),
			},
		}},
	})
}
