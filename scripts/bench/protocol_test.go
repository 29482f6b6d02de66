package main

import (
	"net/http/httptest"
	"testing"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// Every object is asked for, at the cost of one listing of each kind.
func TestRefresh(t *testing.T) {
	const n = 120
	mock := ccrmock.New()
	server := httptest.NewServer(mock)
	t.Cleanup(func() { mock.Close(); server.Close() })
	mock.SeedPolicies(n, "policy", mock.SeedRegistries(n, "registry")[0])
	t.Setenv("CCR_ENDPOINT", server.URL)
	t.Setenv("BAIDUCLOUD_ACCESS_KEY", ccrmock.DefaultAccessKeyID)
	t.Setenv("BAIDUCLOUD_SECRET_KEY", ccrmock.DefaultSecretAccessKey)
	if err := refresh(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if got := mock.Count("GET", "/v1/ccr/*"); got != 4 || len(mock.Requests()) != got {
		t.Errorf("%d list requests of %d", got, len(mock.Requests()))
	}
	if err := refresh(t.Context(), n+1); err == nil {
		t.Error("an object that is gone is no error")
	}
}
