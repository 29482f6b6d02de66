package provider

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// someTime is a time that the API and Terraform write alike.
var someTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const someTimeText = "2026-03-04T05:06:07Z"

func idText(id int64) string { return strconv.FormatInt(id, 10) }

func TestRegistryReadModel(t *testing.T) {
	t.Parallel()
	full := newRegistryReadModel(client.Registry{
		ID: 1<<62 + 1, Name: "cce", URL: "http://hub.baidubce.com", Type: "docker-registry", Description: "d", Insecure: true,
		Status: "healthy", CreationTime: client.Time{Time: someTime}, UpdateTime: client.Time{Time: someTime},
	})
	if full.ID.ValueString() != "4611686018427387905" || !full.Insecure.ValueBool() || full.Description.ValueString() != "d" ||
		full.Status.ValueString() != "healthy" || full.CreationTime.ValueString() != someTimeText || full.UpdateTime.ValueString() != someTimeText {
		t.Errorf("got %v", full)
	}
	least := newRegistryReadModel(client.Registry{ID: 1})
	if !least.Description.IsNull() || !least.Status.IsNull() || !least.CreationTime.IsNull() || !least.UpdateTime.IsNull() {
		t.Errorf("what the API leaves empty is not null: %v", least)
	}
	if least.Name.IsNull() || least.Insecure.IsNull() {
		t.Errorf("what every registry has is null: %v", least)
	}
}

func TestRegistryDataSource(t *testing.T) {
	t.Parallel()
	m := startMock(t, ccrmock.WithNow(func() time.Time { return time.Now().UTC().Truncate(time.Second) }))
	m.SeedRegistries(250, "other")
	id := m.CreateRegistry(ccrmock.Registry{
		Name: "cce-hub", URL: "http://hub.baidubce.com", Description: "the hub", AccessKey: "puller", AccessSecret: "s3cr3t",
		Status: ccrmock.RegistryHealthy, CreationTime: someTime, UpdateTime: someTime,
	})
	s := m.startProvider(t)
	want := object{
		"id": idText(id), "name": "cce-hub", "type": "docker-registry", "url": "http://hub.baidubce.com", "description": "the hub",
		"insecure": false, "status": "healthy", "creation_time": someTimeText, "update_time": someTimeText,
	}
	for _, by := range []arguments{{"id": idText(id)}, {"name": "cce-hub"}} {
		got := s.mustRead(t, "ccr_registry", by)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", by, diff)
		}
		wantNowhere(t, got, "puller", "s3cr3t")
	}
	if n := m.Count("GET", "/v1/ccr/registries"); n != 3 {
		t.Errorf("two lookups among 251 registries took %d requests, not the three pages of one listing", n)
	}
}

func TestRegistryDataSourceFindsNone(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	for _, name := range []string{"CCE-Hub", "my-cce-hub-2", "cce", "unrelated", "xx", "cce-hub-3", "cce-hub-4", "cce-hub-5"} {
		m.CreateRegistry(ccrmock.Registry{Name: name, URL: "http://127.0.0.1"})
	}
	first := m.CreateRegistry(ccrmock.Registry{Name: "twin", URL: "http://127.0.0.1"})
	second := m.CreateRegistry(ccrmock.Registry{Name: "twin", URL: "http://127.0.0.1"})
	s := m.startProvider(t)
	for _, c := range []struct {
		by   arguments
		want []string
	}{
		{
			arguments{"name": "cce-hub"},
			[]string{`AttributeName("name")`, `No registry is named "cce-hub"`, `Similar names: "CCE-Hub", "cce-hub-3", "cce-hub-4", "cce-hub-5", "my-cce-hub-2".`},
		},
		{arguments{"name": "twin"}, []string{`AttributeName("name")`, `2 have the name "twin", with the ids ` + idText(first) + ", " + idText(second)}},
		{arguments{"id": "4711"}, []string{`AttributeName("id")`, "CCR has no registry with the id 4711", "Next step:"}},
		{arguments{"id": "no-number"}, []string{`"no-number" is not an id`}},
		{arguments{"id": "1", "name": "cce"}, []string{"id,name"}},
		{arguments{}, []string{"id,name"}},
	} {
		_, diags := s.read(t, "ccr_registry", c.by)
		wantError(t, diags, c.want...)
	}
	_, diags := s.read(t, "ccr_registry", arguments{"name": "nothing-like-it"})
	wantError(t, diags, `No registry is named "nothing-like-it"`)
	if text := diagnosticText(diags[0]); strings.Contains(text, "Similar") {
		t.Errorf("a name like no other has similar ones: %s", text)
	}
}

func TestSimilarNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names  []string
		wanted string
		want   []string
	}{
		{nil, "web", nil},
		{[]string{"api", ""}, "web", nil},
		{[]string{"WEB", "web-2", "a-Web"}, "web", []string{"WEB", "a-Web", "web-2"}},
		{[]string{"cce", "cc", "hub"}, "cce-hub", []string{"cce", "hub"}},
		{[]string{"x-web", "web-f", "web-e", "web-d", "web-c", "web-b", "WEB"}, "web", []string{"WEB", "web-b", "web-c", "web-d", "web-e"}},
	} {
		if diff := cmp.Diff(c.want, similarNames(c.names, c.wanted)); diff != "" {
			t.Errorf("%q among %q: %s", c.wanted, c.names, diff)
		}
	}
}

// What is listed is shared with every other read.
func TestSortedByIDLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	items := []client.Registry{{ID: 10}, {ID: 9}, {ID: 100}, {ID: 1}}
	before := append([]client.Registry(nil), items...)
	got := sortedByID(items, registryID, func(r client.Registry) bool { return r.ID != 1 })
	if diff := cmp.Diff([]client.Registry{{ID: 9}, {ID: 10}, {ID: 100}}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, items); diff != "" {
		t.Errorf("the input changed: %s", diff)
	}
}

func TestRegistryDataSourceReportsErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.SeedRegistries(150, "r")
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", Message: "no", QueryContains: "pageNo=2", Times: -1})
	s := m.startProvider(t)
	for _, by := range []arguments{{"id": "1"}, {"name": "no such"}} {
		state, diags := s.read(t, "ccr_registry", by)
		wantError(t, diags, "Looking up the registry failed", "AccessDenied", "HTTP status: 403", "Request id: ")
		if state["url"] != nil {
			t.Errorf("%v: a lookup that failed gives %v", by, state)
		}
	}
}
