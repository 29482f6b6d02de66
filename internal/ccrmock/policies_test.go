package ccrmock_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestPolicyLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SeedRegistries(2, "registry")
	if a := w.ok("POST", policies, policyJSON("one", "1", false, "name", "cce/*", "tag", "v?")); a.target() != "1" {
		t.Fatalf("got %s", a.raw)
	}
	item := w.ok("GET", policies, "").items()[0]
	for field, want := range map[string]any{
		"srcRegistry": "registry-1", "pullBase": true, "enabled": true, "override": false,
		"triggerType": "manual", "destProjectName": "public", "description": "",
	} {
		if item[field] != want {
			t.Errorf("%s is %v, want %v", field, item[field], want)
		}
	}
	if _, there := item["filters"]; there {
		t.Error("a list tells filters")
	}
	a := w.ok("PUT", policies, withID("1", policyJSON("two", "2", true, "name", "cce/web")))
	if a.body["action"] != "create" || a.target() != "1" {
		t.Errorf("update: %s", a.raw)
	}
	got := w.Policies()[0]
	if got.Name != "two" || !got.Override || got.SrcRegistryID != 2 ||
		!reflect.DeepEqual(got.Filters, []ccrmock.Filter{{Type: "name", Value: "cce/web"}}) {
		t.Errorf("the update did not replace the whole object: %+v", got)
	}
	w.SrcRegistryAsObject(true)
	w.ReturnFilters(true)
	item = w.ok("GET", policies, "").items()[0]
	if got := string(jsonOf(t, item["srcRegistry"])); got != `{"id":2,"name":"registry-2"}` {
		t.Errorf("srcRegistry %s", got)
	}
	if got := string(jsonOf(t, item["filters"])); got != `[{"type":"name","value":"cce/web"}]` {
		t.Errorf("filters %s", got)
	}
	w.ok("DELETE", policies+"/1", "")
	w.ok("DELETE", registries+"/2", "")
}

func TestPolicyDeleteRemovesExecutions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SeedPolicies(2, "policy", w.SeedRegistries(1, "registry")[0])
	w.CreateExecution(1, ccrmock.Execution{Status: ccrmock.ExecutionFailed})
	kept := w.CreateExecution(2, ccrmock.Execution{Status: ccrmock.ExecutionFailed})
	w.ok("DELETE", policies+"/1", "")
	if left := w.Executions(0); len(left) != 1 || left[0].ID != kept {
		t.Errorf("left %+v", left)
	}
	if items := w.ok("GET", executions+"?policyId=1", "").items(); len(items) != 0 {
		t.Errorf("still listed: %v", items)
	}
}

// What changes behind a client's back shows in its next read.
func TestChangesOutOfBand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	registry := w.CreateRegistry(ccrmock.Registry{Name: "r", URL: "http://h"})
	policy := w.CreatePolicy(ccrmock.Policy{Name: "p", SrcRegistryID: registry})
	w.UpdateRegistry(registry, func(r *ccrmock.Registry) { r.Name = "renamed"; r.ID = 99 })
	w.UpdatePolicy(policy, func(p *ccrmock.Policy) { p.Disabled = true; p.ID = 99 })
	item := w.ok("GET", policies, "").items()[0]
	if item["srcRegistry"] != "renamed" || fmt.Sprint(item["enabled"]) != "false" || item["triggerType"] != "manual" {
		t.Errorf("got %v", item)
	}
	w.DeleteRegistry(registry)
	if item := w.ok("GET", policies, "").items()[0]; item["srcRegistry"] != "" {
		t.Errorf("source of a removed registry: %v", item["srcRegistry"])
	}
	w.DeletePolicy(policy)
	if len(w.Policies()) != 0 || w.DeletePolicy(policy) || w.DeleteRegistry(registry) ||
		w.UpdatePolicy(policy, nil) || w.UpdateRegistry(registry, nil) {
		t.Error("removed objects are still there")
	}
}
