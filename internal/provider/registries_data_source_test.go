package provider

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestRegistriesDataSourceReadsEveryPage(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	seeded := m.SeedRegistries(250, "r")
	state := m.startProvider(t).mustRead(t, "ccr_registries", arguments{})
	var ids, names []any
	for _, id := range seeded { // the mock counts ids up, and lists in another order
		ids = append(ids, idText(id))
		names = append(names, "r-"+idText(id))
	}
	if diff := cmp.Diff(ids, state["ids"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(names, state["names"]); diff != "" {
		t.Error(diff)
	}
	if n := len(state["registries"].([]any)); n != 250 {
		t.Errorf("%d registries", n)
	}
}

func TestRegistriesDataSourceEmpty(t *testing.T) {
	t.Parallel()
	state := startMock(t).startProvider(t).mustRead(t, "ccr_registries", arguments{})
	want := object{"keyword": nil, "type": nil, "name_regex": nil, "registries": []any{}, "ids": []any{}, "names": []any{}}
	if diff := cmp.Diff(want, state); diff != "" {
		t.Error(diff)
	}
}

func TestRegistriesDataSourceFilters(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	for _, r := range []ccrmock.Registry{
		{Name: "cce-hub", Type: "docker-registry"}, {Name: "old-cce", Type: "harbor"}, {Name: "harbor-1", Type: "harbor"}, {Name: "harbor-22", Type: "harbor"},
	} {
		m.CreateRegistry(r)
	}
	s := m.startProvider(t)
	for _, c := range []struct {
		given arguments
		query string
		want  []any
	}{
		{arguments{"keyword": "cce"}, "keyword=cce", []any{"cce-hub", "old-cce"}},
		{arguments{"type": "harbor"}, "type=harbor", []any{"old-cce", "harbor-1", "harbor-22"}},
		{arguments{"name_regex": `^harbor-\d$`}, "", []any{"harbor-1"}},
		{arguments{"keyword": "cce", "type": "harbor", "name_regex": "^old"}, "keyword=cce", []any{"old-cce"}},
		{arguments{"keyword": "nothing"}, "keyword=nothing", []any{}},
		{arguments{"keyword": "", "name_regex": ""}, "", []any{"cce-hub", "old-cce", "harbor-1", "harbor-22"}},
	} {
		m.ResetJournal()
		state := s.mustRead(t, "ccr_registries", c.given)
		if diff := cmp.Diff(c.want, state["names"]); diff != "" {
			t.Errorf("%v: %s", c.given, diff)
		}
		for _, r := range m.Requests() {
			if !strings.Contains(r.RawQuery, c.query) {
				t.Errorf("%v: the query %s lacks %s", c.given, r.RawQuery, c.query)
			}
		}
	}
}

// A server that ignores the type must not make a harbor a docker-registry.
func TestRegistriesDataSourceChecksTheType(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBody, Times: -1, Status: http.StatusOK, Body: `{"totalCount":2,"result":[
		{"id":2,"name":"h","type":"harbor","url":"http://h","credential":{}},{"id":1,"name":"d","type":"docker-registry","url":"http://d","credential":{}}]}`})
	s := m.startProvider(t)
	state := s.mustRead(t, "ccr_registries", arguments{"type": "harbor"})
	if diff := cmp.Diff([]any{"h"}, state["names"]); diff != "" {
		t.Error(diff)
	}
	for _, r := range s.list(t, "ccr_registry", arguments{"type": "harbor"}, 0, false) {
		if r.name != "h" {
			t.Errorf("the list resource lists %q", r.name)
		}
	}
}

func TestRegistriesDataSourceErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.SeedRegistries(150, "r")
	s := m.startProvider(t)
	for _, c := range []struct {
		given arguments
		want  []string
	}{
		{arguments{"name_regex": "a(b"}, []string{`AttributeName("name_regex")`, "missing closing ) at byte 1"}},
		{arguments{"type": "gitlab"}, []string{`AttributeName("type")`, "docker-registry", "harbor"}},
		{arguments{"keyword": "a\x00b"}, []string{`AttributeName("keyword")`, "not printable"}},
	} {
		_, diags := s.read(t, "ccr_registries", c.given)
		wantError(t, diags, c.want...)
	}
	if n := len(m.Requests()); n != 0 {
		t.Errorf("arguments that are not valid led to %d requests", n)
	}
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultStatus, Code: "AccessDenied", QueryContains: "pageNo=2", Times: -1})
	state, diags := s.read(t, "ccr_registries", arguments{})
	wantError(t, diags, "Reading the registries failed", "AccessDenied")
	if state["ids"] != nil {
		t.Errorf("a list that failed on its second page gives %v", state["ids"])
	}
}

// secretiveListing is a list in which the server shows what it should hide.
const secretiveListing = `{"totalCount":1,"result":[{"id":1,"name":"r","type":"harbor","url":"http://h",
	"credential":{"type":"basic","accessKey":"shown-user","accessSecret":"shown-s3cr3t"}}]}`

func TestNoSecretInAnyRegistry(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBody, Method: http.MethodGet, Times: -1, Status: http.StatusOK, Body: secretiveListing})
	s := m.startProvider(t)
	wantNowhere(t, s.mustRead(t, "ccr_registries", arguments{}), "shown-user", "shown-s3cr3t")
	wantNowhere(t, s.mustRead(t, "ccr_registry", arguments{"name": "r"}), "shown-user", "shown-s3cr3t")
	for _, r := range s.list(t, "ccr_registry", arguments{}, 0, true) {
		wantNoDiagnostics(t, r.diags)
		wantNowhere(t, r.resource, "shown-s3cr3t")
	}
}

func TestDataSourcesHaveNoSensitiveAttribute(t *testing.T) {
	t.Parallel()
	s := startMock(t).startProvider(t)
	for name, schema := range s.schema.DataSourceSchemas {
		var given []string
		for _, a := range schema.Block.Attributes {
			given = append(given, a.Name)
			if a.Sensitive || strings.Contains(a.Name, "secret") {
				t.Errorf("%s.%s", name, a.Name)
			}
		}
		if len(given) == 0 || slices.Contains(given, "credential") {
			t.Errorf("%s has the attributes %q", name, given)
		}
	}
}
