//go:build testlive

package provider

import (
	"cmp"
	"os"
	"testing"
)

// TestLive checks the assumptions of DESIGN.md against the endpoint and keys
// that the provider itself would take from the environment. It creates
// registries, policies and executions whose names begin with ccr-testlive-, and
// deletes them; nothing else is touched. `make testlive` says what it needs.
func TestLive(t *testing.T) { //nolint:paralleltest // one account, one after the other
	if os.Getenv("CCR_TESTLIVE") != "1" {
		t.Skip("CCR_TESTLIVE is not 1: this creates and deletes objects in the account of the keys in the environment")
	}
	cfg, diags := (&configModel{}).resolve(os.Getenv)
	if diags.HasError() {
		t.Fatal(diags)
	}
	s := &service{cfg: cfg, live: true, source: serviceSource{
		url:       cmp.Or(os.Getenv("CCR_TESTLIVE_SOURCE_URL"), os.Getenv("CCR_MOCK_SOURCE_URL")),
		user:      cmp.Or(os.Getenv("CCR_TESTLIVE_SOURCE_USERNAME"), os.Getenv("CCR_MOCK_SOURCE_USERNAME")),
		password:  cmp.Or(os.Getenv("CCR_TESTLIVE_SOURCE_PASSWORD"), os.Getenv("CCR_MOCK_SOURCE_PASSWORD")),
		image:     cmp.Or(os.Getenv("CCR_TESTLIVE_IMAGE"), "cce/web:v1"),
		namespace: cmp.Or(os.Getenv("CCR_TESTLIVE_NAMESPACE"), "public"),
	}}
	if s.source.url == "" {
		t.Fatal("CCR_TESTLIVE_SOURCE_URL is not set: a registry that CCR can reach, with _USERNAME, _PASSWORD and CCR_TESTLIVE_IMAGE, an image in it")
	}
	checkAssumptions(t, s)
}
