package provider

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

func TestRegistryHealthDataSource(t *testing.T) {
	t.Parallel()
	m, src := startMock(t), startSource(t)
	good := m.CreateRegistry(ccrmock.Registry{Name: "good", URL: src.URL, AccessKey: sourceUser, AccessSecret: sourcePassword})
	bad := m.CreateRegistry(ccrmock.Registry{Name: "bad", URL: src.URL, AccessKey: sourceUser, AccessSecret: "another"})
	s := m.startProvider(t)
	for id, healthy := range map[int64]bool{good: true, bad: false} {
		want := object{"registry_id": idText(id), "healthy": healthy}
		if diff := cmp.Diff(want, s.mustRead(t, "ccr_registry_health", arguments{"registry_id": idText(id)})); diff != "" {
			t.Error(diff)
		}
	}
	for _, r := range m.Requests() {
		if r.Method != http.MethodPost || r.Body != `{"id":1}` && r.Body != `{"id":2}` {
			t.Errorf("a check sent %s %s", r.Method, r.Body)
		}
	}
	if n := len(m.Registries()); n != 2 {
		t.Errorf("%d registries after two checks of two", n)
	}
}

func TestRegistryHealthDataSourceErrors(t *testing.T) {
	t.Parallel()
	m := startMock(t)
	s := m.startProvider(t)
	state, diags := s.read(t, "ccr_registry_health", arguments{"registry_id": "4711"})
	wantError(t, diags, `AttributeName("registry_id")`, "Registry does not exist", "CCR has no registry with the id 4711.", "ccr_registries")
	if state["healthy"] != nil {
		t.Errorf("an unknown id gives %v", state)
	}
	_, diags = s.read(t, "ccr_registry_health", arguments{"registry_id": "0"})
	wantError(t, diags, `"0" is not an id`)

	// Neither healthy nor unhealthy: a check whose answer is something else.
	m.AddFault(ccrmock.Fault{Kind: ccrmock.FaultBody, Times: -1, Status: http.StatusOK, Body: `{"action":"create","targetName":"12"}`})
	_, diags = s.read(t, "ccr_registry_health", arguments{"registry_id": "1"})
	wantError(t, diags, "Checking the registry failed", "12")
}
