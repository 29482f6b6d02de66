package provider

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/bceauth"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// assumption is one of the numbered assumptions about the real service in
// DESIGN.md. Its number is its place in the list.
type assumption struct {
	name  string
	check func(*testing.T, *service)
}

// unseen is an assumption that nothing the API answers can confirm.
func unseen(t *testing.T, s *service) {
	t.Helper()
	const why = "not to be seen through the API, or not without harm"
	if s.live {
		t.Skip(why)
	}
	t.Log(why)
}

// service is an endpoint under test, spoken to in raw requests: what a client
// makes of an answer is not the question.
type service struct {
	cfg    client.Config
	source serviceSource
	live   bool   // a check that is left out says so
	prefix string // of the names of all that is created

	registry, policy string // ids of what all checks share
	ids              []int64
}

// serviceSource is a registry that CCR can reach.
type serviceSource struct{ url, user, password, image, namespace string }

// checkAssumptions checks every one, and deletes what that created.
func checkAssumptions(t *testing.T, s *service) {
	t.Helper()
	s.prefix = "ccr-testlive-" + strings.ToLower(rand.Text()[:8]) + "-"
	defer s.cleanUp(t)
	for i, a := range assumptions {
		t.Run(fmt.Sprintf("%02d_%s", i+1, a.name), func(t *testing.T) { a.check(t, s) })
	}
}

// TestAssumptions checks the assumptions against the mock: it is what they say.
// TestLive does against a real account.
func TestAssumptions(t *testing.T) { //nolint:tparallel // one builds on the other
	t.Parallel()
	m, src := startMock(t), startSource(t, "cce/web:v1", "cce/web:v2")
	endpoint, err := url.Parse(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	before := m.SeedRegistries(3, "theirs")
	checkAssumptions(t, &service{
		cfg:    client.Config{Endpoint: endpoint, AccessKey: "mock-access-key", SecretKey: "mock-secret-key"},
		source: serviceSource{src.URL, sourceUser, sourcePassword, "cce/web:v1", "public"},
	})
	if got := len(m.Registries()); got != len(before) || len(m.Policies()) > 0 {
		t.Errorf("%d registries are left, and %d were there; %d policies are", got, len(before), len(m.Policies()))
	}
}

// TestAssumptionsAreDocumented wants the list in DESIGN.md to be the list here.
func TestAssumptionsAreDocumented(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readFile(t, filepath.Join(repositoryRoot, "DESIGN.md")), "\n## Assumptions about the real service\n")
	for i, a := range assumptions {
		if !strings.Contains(section, fmt.Sprintf("\n%d. `%s`: ", i+1, a.name)) {
			t.Errorf("DESIGN.md lacks assumption %d, %s", i+1, a.name)
		}
	}
	if strings.Contains(section, fmt.Sprintf("\n%d. ", len(assumptions)+1)) {
		t.Errorf("DESIGN.md has more than %d assumptions", len(assumptions))
	}
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	body   map[string]json.RawMessage
	raw    []byte
}

// send signs one request as of now and sends it once.
func (s *service) send(t *testing.T, method, path string, query map[string]string, body any) reply {
	t.Helper()
	return s.sendAt(t, time.Now(), method, path, query, body)
}

func (s *service) sendAt(t *testing.T, at time.Time, method, path string, query map[string]string, body any) reply {
	t.Helper()
	var pairs []bceauth.Pair
	for name, value := range query {
		pairs = append(pairs, bceauth.Pair{Name: name, Value: value})
	}
	target := url.URL{Scheme: s.cfg.Endpoint.Scheme, Host: s.cfg.Endpoint.Host, Path: "/v1/ccr" + path, RawQuery: bceauth.EncodeQuery(pairs)}
	var data []byte
	if body != nil {
		data = must(json.Marshal(body))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	req := must(http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(data)))
	signed := []bceauth.Pair{{Name: bceauth.HeaderHost, Value: target.Host}, {Name: bceauth.HeaderDate, Value: bceauth.FormatTime(at)}}
	req.Header.Set(bceauth.HeaderDate, bceauth.FormatTime(at))
	if s.cfg.SessionToken != "" {
		signed = append(signed, bceauth.Pair{Name: bceauth.HeaderToken, Value: s.cfg.SessionToken})
		req.Header.Set(bceauth.HeaderToken, s.cfg.SessionToken)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	}
	req.Header.Set("Authorization", bceauth.Authorization(
		bceauth.Credentials{AccessKeyID: s.cfg.AccessKey, SecretAccessKey: s.cfg.SecretKey},
		bceauth.Request{Method: method, Path: target.Path, Query: pairs, Headers: signed, Time: at},
	))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target.Path, err)
	}
	defer res.Body.Close()
	r := reply{status: res.StatusCode, header: res.Header}
	r.raw = must(io.ReadAll(io.LimitReader(res.Body, 8<<20)))
	_ = json.Unmarshal(r.raw, &r.body)
	for _, secret := range []string{s.source.password, s.cfg.SecretKey, s.cfg.SessionToken} {
		if secret != "" { // whoever runs this shows what it says to others
			r.raw = bytes.ReplaceAll(r.raw, []byte(secret), []byte("(redacted)"))
		}
	}
	t.Logf("%s %s: %d %.300s", method, target.Path, r.status, r.raw)
	return r
}

// field is a field of an answer as text, quotes and all.
func (r reply) field(name string) string { return string(r.body[name]) }

func (r reply) target(t *testing.T) string {
	t.Helper()
	var target string
	if r.status != http.StatusOK || json.Unmarshal(r.body["targetName"], &target) != nil {
		t.Fatalf("HTTP %d without a target: %.300s", r.status, r.raw)
	}
	return target
}

func (r reply) want(t *testing.T, statuses ...int) {
	t.Helper()
	if !slices.Contains(statuses, r.status) {
		t.Errorf("HTTP %d, want one of %v: %.300s", r.status, statuses, r.raw)
	}
}

// list reads every page of a list.
func (s *service) list(t *testing.T, path string, query map[string]string, pageSize int) (items []map[string]json.RawMessage) {
	t.Helper()
	for page := 1; ; page++ {
		all := map[string]string{"pageNo": strconv.Itoa(page), "pageSize": strconv.Itoa(pageSize)}
		maps.Copy(all, query)
		r := s.send(t, http.MethodGet, path, all, nil)
		var part []map[string]json.RawMessage
		total, err := strconv.Atoi(r.field("totalCount"))
		if r.status != http.StatusOK || errors.Join(err, json.Unmarshal(r.body["result"], &part)) != nil {
			t.Fatalf("no list: HTTP %d %.300s", r.status, r.raw)
		}
		if want := min(pageSize, total-len(items)); len(part) != want {
			t.Errorf("page %d has %d objects of %d, want %d", page, len(part), total, want)
		}
		if items = append(items, part...); len(items) >= total || len(part) == 0 {
			return items
		}
	}
}

// item finds one object in a list.
func (s *service) item(t *testing.T, path string, query map[string]string, id string) map[string]json.RawMessage {
	t.Helper()
	items := s.list(t, path, query, 100)
	at := slices.IndexFunc(items, func(item map[string]json.RawMessage) bool { return string(item["id"]) == id })
	if at < 0 {
		t.Fatalf("%s does not list the id %s", path, id)
	}
	return items[at]
}

func text(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s)
	return s
}

func (s *service) registryBody(name string) map[string]any {
	return map[string]any{
		"type": "docker-registry", "name": s.prefix + name, "description": "made by a test", "url": s.source.url, "insecure": false,
		"credential": map[string]any{"type": "basic", "accessKey": s.source.user, "accessSecret": s.source.password},
	}
}

func (s *service) createRegistry(t *testing.T, name string) string {
	t.Helper()
	id := s.send(t, http.MethodPost, "/registries", nil, s.registryBody(name)).target(t)
	s.ids = append(s.ids, number(id))
	return id
}

func (s *service) policyBody(name, image string) map[string]any {
	repository, tag, _ := strings.Cut(image, ":")
	return map[string]any{
		"trigger": map[string]any{"type": "manual"}, "name": s.prefix + name, "description": "made by a test",
		"srcRegistry": map[string]any{"id": number(s.registry)}, "destProjectName": s.source.namespace, "override": false,
		"filters": []map[string]any{{"type": "name", "value": repository}, {"type": "tag", "value": tag}},
	}
}

func (s *service) createPolicy(t *testing.T, name, image string) string {
	t.Helper()
	s.need(t)
	return s.send(t, http.MethodPost, "/policies", nil, s.policyBody(name, image)).target(t)
}

// need skips a check that builds on one that failed.
func (s *service) need(t *testing.T) {
	t.Helper()
	if s.registry == "" {
		t.Skip("there is no registry to work with")
	}
}

// run starts a policy and waits for its new execution to end.
func (s *service) run(t *testing.T, policy string) map[string]json.RawMessage {
	t.Helper()
	query := map[string]string{"policyId": policy}
	newest := int64(0)
	for _, e := range s.list(t, "/executions", query, 100) {
		newest = max(newest, number(string(e["id"])))
	}
	s.send(t, http.MethodPost, "/policies/"+policy+"/start", nil, nil).want(t, http.StatusOK)
	for range 600 {
		for _, e := range s.list(t, "/executions", query, 100) {
			if number(string(e["id"])) > newest && !strings.EqualFold(text(e["status"]), "InProgress") {
				return e
			}
		}
		_ = client.Sleep(t.Context(), s.pause())
	}
	t.Fatal("no new execution has ended")
	return nil
}

// pause is between two looks: a mock needs no sparing.
func (s *service) pause() time.Duration {
	if u := s.cfg.Endpoint; u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" {
		return 20 * time.Millisecond
	}
	return time.Second
}

// cleanUp deletes what has the prefix, policies first.
func (s *service) cleanUp(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/policies", "/registries"} {
		for _, item := range s.list(t, path, nil, 100) {
			if !strings.HasPrefix(text(item["name"]), s.prefix) {
				continue
			}
			for range 60 {
				r := s.send(t, http.MethodDelete, path+"/"+string(item["id"]), nil, nil)
				if r.status != http.StatusPreconditionFailed {
					r.want(t, http.StatusOK)
					break
				}
				_ = client.Sleep(context.WithoutCancel(t.Context()), s.pause())
			}
		}
	}
}
