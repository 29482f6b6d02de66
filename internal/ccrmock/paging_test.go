package ccrmock_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func listIDs(w *world, target string) (ids []string, total string) {
	w.t.Helper()
	a := w.ok("GET", target, "")
	for _, item := range a.items() {
		ids = append(ids, fmt.Sprint(item["id"]))
	}
	return ids, fmt.Sprint(a.body["totalCount"])
}

func TestPagesCoverEverythingOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SeedRegistries(25, "registry")
	var all []string
	for page, want := range []int{10, 10, 5, 0} {
		ids, total := listIDs(w, fmt.Sprintf("%s?pageNo=%d&pageSize=10", registries, page+1))
		if len(ids) != want || total != "25" {
			t.Errorf("page %d: %d items of %s", page+1, len(ids), total)
		}
		all = append(all, ids...)
	}
	whole, _ := listIDs(w, registries+"?pageSize=100")
	if !slices.Equal(all, whole) {
		t.Errorf("pages %q, whole %q", all, whole)
	}
	if slices.IsSorted(whole) {
		t.Error("the list is in the order of ids")
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 25 {
		t.Errorf("ids %q", all)
	}
	if ids, _ := listIDs(w, registries+"?pageNo=9223372036854775807"); len(ids) != 0 {
		t.Errorf("a page far beyond the end holds %q", ids)
	}
}

func TestOnListChurnsBetweenPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SeedRegistries(4, "registry")
	first, _ := listIDs(w, registries+"?pageSize=2")
	var calls []string
	w.OnList(func(collection string, pageNo int) {
		calls = append(calls, fmt.Sprint(collection, pageNo))
		if pageNo == 1 {
			for _, r := range w.Registries() {
				if fmt.Sprint(r.ID) == first[0] {
					w.DeleteRegistry(r.ID)
				}
			}
			w.SeedRegistries(1, "new")
		}
	})
	again, total := listIDs(w, registries+"?pageSize=2&pageNo=1")
	if !slices.Equal(first, again) || total != "4" {
		t.Errorf("the hook changed the page it was called for: %q", again)
	}
	second, total := listIDs(w, registries+"?pageSize=2&pageNo=2")
	if slices.Contains(second, first[0]) || total != "4" {
		t.Errorf("second page %q of %s", second, total)
	}
	w.OnList(nil)
	listIDs(w, policies)
	if !slices.Equal(calls, []string{"registries1", "registries2"}) {
		t.Errorf("calls %q", calls)
	}
}

func TestExecutionsNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SeedPolicies(1, "policy", 0)
	for range 5 {
		w.CreateExecution(1, ccrmock.Execution{Status: ccrmock.ExecutionSucceed})
	}
	ids, total := listIDs(w, executions+"?policyId=1&pageSize=2&pageNo=2")
	if !slices.Equal(ids, []string{"3", "2"}) || total != "5" {
		t.Errorf("page 2 %q of %s", ids, total)
	}
	if item := w.ok("GET", policies, "").items()[0]; fmt.Sprint(item["executionTimes"]) != "5" {
		t.Errorf("executionTimes %v", item["executionTimes"])
	}
}
