package ccrmock_test

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

const secret = "s3cret-pass"

// migrator is a world with one source registry, whose id is 1.
type migrator struct {
	*world
	source *ccrmock.Source
}

func newMigrator(t *testing.T, seed []string, opts ...ccrmock.Option) *migrator {
	t.Helper()
	return newMigratorFrom(t, ccrmock.NewSource(ccrmock.WithLogin("demo", secret)), seed, opts...)
}

func newMigratorFrom(t *testing.T, source *ccrmock.Source, seed []string, opts ...ccrmock.Option) *migrator {
	t.Helper()
	if err := source.Seed(seed...); err != nil {
		t.Fatal(err)
	}
	m := &migrator{world: newWorld(t, opts...), source: source}
	m.ok("POST", registries, registryJSON("source", "docker-registry", sourceURL(t, source), "demo", secret))
	return m
}

// start creates a policy, starts it and returns the execution's id.
func (m *migrator) start(override bool, filters ...string) int64 {
	m.t.Helper()
	n := len(m.Policies()) + 1
	policy := m.ok("POST", policies, policyJSON(fmt.Sprintf("policy-%d", n), "1", override, filters...)).target()
	return m.startPolicy(policy)
}

func (m *migrator) startPolicy(policy string) int64 {
	m.t.Helper()
	if a := m.ok("POST", policies+"/"+policy+"/start", ""); a.target() != policy {
		m.t.Errorf("start answered %s", a.raw)
	}
	newest := m.ok("GET", executions+"?policyId="+policy+"&pageSize=1", "").items()[0]
	id, err := strconv.ParseInt(fmt.Sprint(newest["id"]), 10, 64)
	if err != nil {
		m.t.Fatal(err)
	}
	return id
}

// result waits for an execution and returns it as a client sees it.
func (m *migrator) result(id int64) map[string]any {
	m.t.Helper()
	if err := m.WaitExecution(m.ctx(), id); err != nil {
		m.t.Fatal(err)
	}
	return m.seen(id)
}

func (m *migrator) seen(id int64) map[string]any {
	m.t.Helper()
	for _, p := range m.Policies() {
		for _, item := range m.ok("GET", fmt.Sprintf("%s?policyId=%d&pageSize=100", executions, p.ID), "").items() {
			if fmt.Sprint(item["id"]) == fmt.Sprint(id) {
				return item
			}
		}
	}
	m.t.Fatalf("execution %d is not listed", id)
	return nil
}

// want compares status and counters: total, succeed, failed, stopped, inProgress.
func (m *migrator) want(got map[string]any, status string, counters ...int) {
	m.t.Helper()
	have := fmt.Sprintf("%v %v %v %v %v %v", got["status"], got["total"], got["succeed"], got["failed"], got["stopped"], got["inProgress"])
	wanted := status
	for _, c := range counters {
		wanted += fmt.Sprint(" ", c)
	}
	if have != wanted {
		m.t.Errorf("execution %v is %s, want %s: %v", got["id"], have, wanted, got["statusText"])
	}
	if strings.Contains(fmt.Sprint(got["statusText"]), secret) {
		m.t.Errorf("the status text tells the secret: %v", got["statusText"])
	}
}

func (m *migrator) says(got map[string]any, words ...string) {
	m.t.Helper()
	for _, word := range words {
		if !strings.Contains(fmt.Sprint(got["statusText"]), word) {
			m.t.Errorf("status text %q does not say %q", got["statusText"], word)
		}
	}
}

// wantImages compares the destination with the source: pairs of destination and
// source references.
func (m *migrator) wantImages(pairs ...string) {
	m.t.Helper()
	want := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		want[pairs[i]] = m.source.Digest(pairs[i+1])
		if want[pairs[i]] == "" {
			m.t.Fatalf("the source has no %s", pairs[i+1])
		}
	}
	if got := m.Images(); !maps.Equal(got, want) {
		m.t.Errorf("destination %v, want %v", got, want)
	}
}

func TestMigrateOneImage(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]*ccrmock.Source{
		"basic": ccrmock.NewSource(ccrmock.WithLogin("demo", secret), ccrmock.WithoutCatalog()),
		"token": ccrmock.NewSource(ccrmock.WithTokenLogin("demo", secret), ccrmock.WithoutCatalog()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMigratorFrom(t, source, []string{"cce/web:v1", "cce/web:v2"})
			got := m.result(m.start(false, "name", "cce/web", "tag", "v1"))
			m.want(got, "Succeed", 1, 1, 0, 0, 0)
			if got["endTime"] == nil || got["startTime"] == nil || got["statusText"] != "" || got["trigger"] != "manual" {
				t.Errorf("got %v", got)
			}
			m.wantImages("public/web:v1", "cce/web:v1")
			pullAll(t, m, "public/web:v1")
		})
	}
}

// pullAll reads an image from the destination over HTTP, layers included.
func pullAll(t *testing.T, m *migrator, image string) {
	t.Helper()
	ref, err := name.NewTag(strings.TrimPrefix(m.url, "http://") + "/" + image)
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := got.Layers()
	if err != nil || len(layers) != 2 {
		t.Fatalf("%d layers: %v", len(layers), err)
	}
	for _, layer := range layers {
		r, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMigrateIndexWhole(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/multi:v1@index"})
	m.want(m.result(m.start(false, "name", "cce/multi")), "Succeed", 1, 1, 0, 0, 0)
	m.wantImages("public/multi:v1", "cce/multi:v1")
	ref, err := name.NewTag(strings.TrimPrefix(m.url, "http://") + "/public/multi:v1")
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 3 {
		t.Fatalf("%v: %v", manifest, err)
	}
	attested := manifest.Manifests[2].Annotations["vnd.docker.reference.digest"]
	if attested != manifest.Manifests[0].Digest.String() {
		t.Errorf("the attestation is of %q", attested)
	}
	for _, child := range manifest.Manifests {
		if _, err := remote.Image(ref.Context().Digest(child.Digest.String())); err != nil {
			t.Errorf("%s: %v", child.Platform, err)
		}
	}
}

func TestMigratePatterns(t *testing.T) {
	t.Parallel()
	seed := []string{"cce/web:v1", "cce/web:v2", "cce/web:latest", "cce/api:v1", "cce/sub/deep:v1", "other/web:v9"}
	for _, tc := range []struct {
		filters []string
		total   int
		images  []string
	}{
		{[]string{"name", "cce/*", "tag", "v*"}, 3, []string{"public/web:v1", "cce/web:v1", "public/web:v2", "cce/web:v2", "public/api:v1", "cce/api:v1"}},
		{[]string{"name", "cce/**", "tag", "v1"}, 3, []string{"public/web:v1", "cce/web:v1", "public/api:v1", "cce/api:v1", "public/deep:v1", "cce/sub/deep:v1"}},
		{[]string{"name", "{cce,other}/web", "tag", "v[29]"}, 2, []string{"public/web:v2", "cce/web:v2", "public/web:v9", "other/web:v9"}},
		{[]string{"name", "cce/web"}, 3, []string{"public/web:v1", "cce/web:v1", "public/web:v2", "cce/web:v2", "public/web:latest", "cce/web:latest"}},
		{[]string{"name", "cce/*", "name", "*/web", "tag", "v?", "tag", "*2"}, 1, []string{"public/web:v2", "cce/web:v2"}},
	} {
		t.Run(strings.Join(tc.filters, " "), func(t *testing.T) {
			t.Parallel()
			m := newMigrator(t, seed)
			m.want(m.result(m.start(true, tc.filters...)), "Succeed", tc.total, tc.total, 0, 0, 0)
			m.wantImages(tc.images...)
		})
	}
}

func TestNothingMatches(t *testing.T) {
	t.Parallel()
	for _, filters := range [][]string{
		{"name", "nothing/*"},
		{"name", "cce/*", "tag", "v9"},
		{"name", "cce/web", "tag", "w*"},
	} {
		t.Run(strings.Join(filters, " "), func(t *testing.T) {
			t.Parallel()
			m := newMigrator(t, []string{"cce/web:v1"})
			got := m.result(m.start(false, filters...))
			m.want(got, "Succeed", 0, 0, 0, 0, 0)
			if got["statusText"] != "no resources need to be replicated" || got["endTime"] == nil {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A failure before any image is known leaves no end time.
func TestFailuresBeforeAnyImage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source  *ccrmock.Source
		change  func(*ccrmock.Registry)
		filters []string
		says    []string
	}{
		"wrong password": {
			change: func(r *ccrmock.Registry) { r.AccessSecret = "wrong-pass" },
			says:   []string{"401", "127.0.0.1"},
		},
		"wrong password, token": {
			source: ccrmock.NewSource(ccrmock.WithTokenLogin("demo", secret)),
			change: func(r *ccrmock.Registry) { r.AccessSecret = "wrong-pass" },
			says:   []string{"401", "127.0.0.1"},
		},
		"no password":     {change: func(r *ccrmock.Registry) { r.AccessSecret = "" }, says: []string{"401"}},
		"unreachable":     {change: func(r *ccrmock.Registry) { r.URL = "http://127.0.0.1:1" }, says: []string{"127.0.0.1:1", "refused"}},
		"missing image":   {filters: []string{"name", "cce/none", "tag", "v1"}, says: []string{"404", "NAME_UNKNOWN", "cce/none"}},
		"no such name":    {filters: []string{"name", "CCE/Web"}, says: []string{"CCE/Web"}},
		"without catalog": {source: ccrmock.NewSource(ccrmock.WithLogin("demo", secret), ccrmock.WithoutCatalog()), filters: []string{"name", "cce/*"}, says: []string{"404", "catalog", "cce/*"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.source == nil {
				tc.source = ccrmock.NewSource(ccrmock.WithLogin("demo", secret))
			}
			m := newMigratorFrom(t, tc.source, []string{"cce/web:v1"})
			if tc.change != nil {
				m.UpdateRegistry(1, tc.change)
			}
			if tc.filters == nil {
				tc.filters = []string{"name", "cce/web", "tag", "v1"}
			}
			got := m.result(m.start(false, tc.filters...))
			m.want(got, "Failed", 0, 0, 0, 0, 0)
			m.says(got, tc.says...)
			if strings.Contains(fmt.Sprint(got["statusText"]), "wrong-pass") {
				t.Errorf("the status text tells the secret: %v", got["statusText"])
			}
			if got["endTime"] != nil {
				t.Errorf("end time %v", got["endTime"])
			}
			if images := m.Images(); len(images) != 0 {
				t.Errorf("migrated %v", images)
			}
		})
	}
}

// A source that says the secret back does not get it into the status text.
func TestStatusTextHidesSecret(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, ok := r.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", "Basic")
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "wrong password %s", password)
	})
	m := &migrator{world: newWorld(t)}
	m.CreateRegistry(ccrmock.Registry{Name: "echo", URL: sourceURL(t, echo), AccessKey: "demo", AccessSecret: secret})
	got := m.result(m.start(false, "name", "cce/web"))
	m.want(got, "Failed", 0, 0, 0, 0, 0)
	m.says(got, "wrong password *****")
}

func TestMissingTag(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	got := m.result(m.start(false, "name", "cce/web", "tag", "v9"))
	m.want(got, "Failed", 1, 0, 1, 0, 0)
	m.says(got, "cce/web:v9", "404")
	if got["endTime"] == nil {
		t.Error("no end time")
	}
}

func TestManyFailed(t *testing.T) {
	t.Parallel()
	tags := []string{"cce/web:v1", "cce/web:v2", "cce/web:v3", "cce/web:v4", "cce/web:v5"}
	m := newMigrator(t, tags)
	for _, tag := range tags {
		m.source.Break(tag)
	}
	got := m.result(m.start(false, "name", "cce/web"))
	m.want(got, "Failed", 5, 0, 5, 0, 0)
	m.says(got, "the manifest cannot be read; cce/web:v", "; and 2 more")
}

func TestPartFailed(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1", "cce/web:v2", "cce/web:v3"})
	m.source.Break("cce/web:v2")
	id := m.start(false, "name", "cce/web")
	got := m.result(id)
	m.want(got, "Failed", 3, 2, 1, 0, 0)
	m.says(got, "cce/web:v2", "500")
	m.wantImages("public/web:v1", "cce/web:v1", "public/web:v3", "cce/web:v3")
	m.source.Mend("cce/web:v2")
	m.want(m.result(m.startPolicy("1")), "Succeed", 3, 3, 0, 0, 0)
}

func TestUnknownNamespace(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"}, ccrmock.WithNamespaces("team", "other"))
	got := m.result(m.start(false, "name", "cce/web"))
	m.want(got, "Failed", 0, 0, 0, 0, 0)
	m.says(got, "public")
	m.UpdatePolicy(1, func(p *ccrmock.Policy) { p.DestProjectName = "team" })
	m.want(m.result(m.startPolicy("1")), "Succeed", 1, 1, 0, 0, 0)
	m.wantImages("team/web:v1", "cce/web:v1")
}

func TestOverride(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, []string{"cce/web:v1"})
	old := m.source.Digest("cce/web:v1")
	m.want(m.result(m.start(false, "name", "cce/web")), "Succeed", 1, 1, 0, 0, 0)
	if _, err := m.source.PushRevision("cce/web:v1", 2); err != nil {
		t.Fatal(err)
	}
	m.want(m.result(m.start(false, "name", "cce/web")), "Succeed", 1, 1, 0, 0, 0)
	if got := m.Images()["public/web:v1"]; got != old {
		t.Errorf("overridden with %s", got)
	}
	m.want(m.result(m.start(true, "name", "cce/web")), "Succeed", 1, 1, 0, 0, 0)
	m.wantImages("public/web:v1", "cce/web:v1")
	m.want(m.result(m.startPolicy("1")), "Succeed", 1, 1, 0, 0, 0) // the same digest is there
}

func TestSourceRegistryGone(t *testing.T) {
	t.Parallel()
	m := newMigrator(t, nil)
	m.result(m.start(false, "name", "cce/web"))
	m.DeleteRegistry(1)
	got := m.result(m.startPolicy("1"))
	m.want(got, "Failed", 0, 0, 0, 0, 0)
	m.says(got, "registry 1")
}

// A registry's URL may name a host that the mock has somewhere else.
func TestHost(t *testing.T) {
	t.Parallel()
	source := ccrmock.NewSource(ccrmock.WithLogin("demo", secret))
	if err := source.Seed("cce/web:v1"); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(sourceURL(t, source), "http://")
	m := &migrator{world: newWorld(t, ccrmock.WithHost("hub.example.com", address)), source: source}
	id := m.ok("POST", registries, registryJSON("hub", "docker-registry", "http://hub.example.com", "demo", secret)).target()
	if a := m.ok("POST", registries, `{"id":`+id+`}`); a.target() != "true" {
		t.Errorf("health check: %s", a.raw)
	}
	if e := m.result(m.start(false, "name", "cce/web")); e["status"] != "Succeed" {
		t.Errorf("execution: %v", e)
	}
	if got := m.Images()["public/web:v1"]; got == "" || got != source.Digest("cce/web:v1") {
		t.Errorf("the destination holds %v", m.Images())
	}
}
