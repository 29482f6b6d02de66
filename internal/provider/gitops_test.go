//go:build unix

package provider

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// The commands that the pipelines in examples/gitops run. TestGitOpsCommands
// looks whether they still do.
const (
	gitopsInit  = "init -input=false -lockfile=readonly"
	gitopsPlan  = "plan -input=false -no-color " + gitopsLock + " -out=tfplan"
	gitopsDrift = "plan -input=false -no-color -lock=false -detailed-exitcode"
	gitopsShow  = "show -json tfplan"
	gitopsApply = "apply -input=false -no-color " + gitopsLock + " tfplan"

	// With both, as a pipeline that skips an apply without changes wants it.
	gitopsPlanChanges = "plan -input=false -no-color " + gitopsLock + " -detailed-exitcode -out=tfplan"

	// On the main branch; a plan of a pull request takes no lock.
	gitopsLock = "-lock-timeout=90m"
)

func TestGitOpsCommands(t *testing.T) {
	t.Parallel()
	for file, commands := range map[string][]string{
		"github-actions/ccr.yml":   {gitopsInit, gitopsPlanChanges, gitopsShow, gitopsApply, gitopsDrift},
		"gitlab-ci/.gitlab-ci.yml": {gitopsInit, gitopsPlan, gitopsShow, gitopsApply, gitopsDrift},
	} {
		text := strings.ReplaceAll(readFile(t, filepath.Join(examplesRoot, "gitops", file)), `"$LOCK"`, gitopsLock)
		for _, command := range commands {
			if !strings.Contains(text, "terraform "+command) {
				t.Errorf("examples/gitops/%s does not run %q", file, command)
			}
		}
	}
}

// TestGitOps does what the pipelines do, with an installed provider and a state
// that is elsewhere.
func TestGitOps(t *testing.T) {
	t.Parallel()
	if cli == "" {
		t.Skip("no terraform or tofu on PATH, and TF_ACC_TERRAFORM_PATH is not set")
	}
	mirror := mirrorProvider(t)
	for name, test := range map[string]func(*testing.T, *repository){
		"a commit and its drift": testCommitAndDrift,
		"two pipelines at once":  testPipelinesAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newRepository(t, mirror))
		})
	}
}

// testCommitAndDrift has a commit planned in one place, read by a program,
// applied in another, and compared with CCR afterwards.
func testCommitAndDrift(t *testing.T, r *repository) {
	plan := r.job("plan")
	plan.want(2, gitopsPlanChanges)
	r.hasNoSecrets(filepath.Join(plan.dir, "tfplan"))
	if got, want := plan.planned(), map[string]string{
		"ccr_registry.cce": "create", "ccr_migration_policy.web": "create", "ccr_policy_execution.web": "create",
	}; !equalMaps(got, want) {
		t.Errorf("the plan is %v, want %v", got, want)
	}
	if len(r.mock.Registries()) > 0 {
		t.Error("the plan changed something")
	}
	plan.end()

	apply := r.job("apply")
	copyFile(t, filepath.Join(plan.dir, "tfplan"), filepath.Join(apply.dir, "tfplan"))
	password := "TF_VAR_cce_password=" + examplePassword
	apply.env = slices.DeleteFunc(apply.env, func(v string) bool { return v == password })
	apply.want(1, gitopsApply) // no plan has an ephemeral value, so the apply needs it too
	if len(r.mock.Registries()) > 0 {
		t.Error("an apply without the ephemeral variable changed something")
	}
	apply.env = append(apply.env, password)
	apply.want(0, gitopsApply)
	if _, ok := r.mock.Images()["public/web:v1"]; !ok {
		t.Errorf("the image did not arrive: %v", r.mock.Images())
	}
	r.hasNoSecrets("")

	r.job("nightly").want(0, gitopsDrift)

	policy := r.mock.Policies()[0].ID
	r.mock.UpdatePolicy(policy, func(p *ccrmock.Policy) { p.DestProjectName = "elsewhere" })
	r.job("nightly").want(2, gitopsDrift)
	repair := r.job("repair")
	repair.want(0, gitopsPlan) // 2 is for those who ask for it
	if got, want := repair.planned(), map[string]string{"ccr_migration_policy.web": "update"}; !equalMaps(got, want) {
		t.Errorf("the plan is %v, want %v", got, want)
	}
	repair.want(0, gitopsApply)
	r.job("nightly").want(0, gitopsDrift)

	r.mock.DeletePolicy(policy)
	r.job("nightly").want(2, gitopsDrift)
}

// testPipelinesAtOnce merges a commit while the migration of the one before is
// under way. The second pipeline waits for the lock on the state.
func testPipelinesAtOnce(t *testing.T, r *repository) {
	r.mock.HoldExecutions()

	first := r.job("first")
	first.want(2, gitopsPlanChanges)
	firstApply := first.begin(gitopsApply)
	if err := r.mock.WaitCount(t.Context(), "POST", "/v1/ccr/policies/*/start", 1); err != nil {
		t.Fatal(err)
	}

	r.commit("provider.tf", `value = "v1"`, `value = "v2"`)
	hasty := r.job("hasty")
	out := hasty.want(1, "plan -input=false -no-color -detailed-exitcode")
	if !strings.Contains(out, "Error acquiring the state lock") {
		t.Errorf("without -lock-timeout it should fail at once:\n%s", out)
	}
	r.state.waitRefused(t)

	second := r.job("second")
	secondPlan := second.begin(gitopsPlanChanges)
	r.state.waitRefused(t)
	r.mock.ReleaseExecutions()
	firstApply(0)
	secondPlan(2)
	second.want(0, gitopsApply)
	if out := first.want(1, gitopsApply); !strings.Contains(out, "Saved plan is stale") {
		t.Errorf("a plan of an older state should be refused:\n%s", out)
	}

	r.job("nightly").want(0, gitopsDrift)
	for _, image := range []string{"public/web:v1", "public/web:v2"} {
		if _, ok := r.mock.Images()[image]; !ok {
			t.Errorf("%s did not arrive: %v", image, r.mock.Images())
		}
	}
}

// TestUserAgentNamesVersion is about the linker flag of a release.
func TestUserAgentNamesVersion(t *testing.T) {
	t.Parallel()
	if cli == "" {
		t.Skip("no terraform or tofu on PATH, and TF_ACC_TERRAFORM_PATH is not set")
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version=1.2.3", "-o", filepath.Join(dir, "terraform-provider-ccr"), "../..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	agents := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case agents <- r.UserAgent():
		default:
		}
		http.Error(w, "", http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	x := newExample(t, "data-sources/ccr_registries", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-provider-ccr/ccr\" = %q\n  }\n}\n", dir))
	x.env = append(x.env, "CCR_ENDPOINT="+server.URL)
	out, _ := x.command("plan")
	select {
	case got := <-agents:
		if want := "terraform-provider-ccr/1.2.3 "; !strings.HasPrefix(got, want) {
			t.Errorf("the user agent is %q, want %q", got, want)
		}
	default:
		t.Errorf("no request:\n%s", out)
	}
}

// repository holds examples/provider with a backend, an account, and the state.
type repository struct {
	*example
	state *stateServer
}

func newRepository(t *testing.T, mirror string) *repository {
	t.Helper()
	r := &repository{
		example: newExample(t, "provider", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)),
		state:   &stateServer{tokens: map[string]bool{}, refused: make(chan struct{}, 1)},
	}
	server := httptest.NewServer(r.state)
	t.Cleanup(server.Close)
	// As GitLab has it, but for the username.
	r.env = append(r.env,
		"TF_HTTP_ADDRESS="+server.URL+"/state",
		"TF_HTTP_LOCK_ADDRESS="+server.URL+"/state/lock", "TF_HTTP_LOCK_METHOD=POST",
		"TF_HTTP_UNLOCK_ADDRESS="+server.URL+"/state/lock", "TF_HTTP_UNLOCK_METHOD=DELETE",
		"TF_HTTP_USERNAME=job")
	writeFile(t, filepath.Join(r.dir, "backend.tf"), "terraform {\n  backend \"http\" {}\n}\n")
	r.must("providers", "lock", "-platform="+runtime.GOOS+"_"+runtime.GOARCH, "-fs-mirror="+mirror)
	return r
}

// commit replaces text in a file.
func (r *repository) commit(file, from, to string) {
	r.t.Helper()
	path := filepath.Join(r.dir, file)
	text := readFile(r.t, path)
	if !strings.Contains(text, from) {
		r.t.Fatalf("%s has no %q", file, from)
	}
	writeFile(r.t, path, strings.ReplaceAll(text, from, to))
}

// job is a checkout in a directory of its own, with a token of its own for the
// state, as GitLab gives one to each.
type job struct {
	*example
	end func() // its token is no longer good
}

func (r *repository) job(name string) *job {
	r.t.Helper()
	x := *r.example
	x.dir = filepath.Join(r.t.TempDir(), name)
	if err := os.CopyFS(x.dir, os.DirFS(r.dir)); err != nil {
		r.t.Fatal(err)
	}
	token := "token-of-" + name
	r.state.allow(token, true)
	x.env = append(slices.Clone(r.env), "TF_HTTP_PASSWORD="+token)
	j := &job{&x, func() { r.state.allow(token, false) }}
	j.want(0, gitopsInit)
	return j
}

// want runs a command that is to end with that status.
func (j *job) want(status int, command string) string {
	j.t.Helper()
	return j.begin(command)(status)
}

// begin starts a command and returns how to wait for its status.
func (j *job) begin(command string) (wait func(status int) string) {
	j.t.Helper()
	type ending struct {
		out string
		err error
	}
	ended := make(chan ending, 1)
	go func() {
		out, err := j.command(strings.Fields(command)...)
		ended <- ending{out, err}
	}()
	return func(status int) string {
		j.t.Helper()
		end := <-ended
		got := 0
		if exit := (*exec.ExitError)(nil); errors.As(end.err, &exit) {
			got = exit.ExitCode()
		} else if end.err != nil {
			got = -1
		}
		if got != status {
			j.t.Fatalf("%s: status %d, want %d (%v)\n%s", command, got, status, end.err, end.out)
		}
		return end.out
	}
}

// planned reads the plan as a program does: what happens to each resource.
func (j *job) planned() map[string]string {
	j.t.Helper()
	var plan struct {
		FormatVersion   string `json:"format_version"`
		ResourceChanges []struct {
			Address string
			Change  struct{ Actions []string }
		} `json:"resource_changes"`
	}
	out := j.want(0, gitopsShow)
	if err := json.Unmarshal([]byte(out), &plan); err != nil || !strings.HasPrefix(plan.FormatVersion, "1.") {
		j.t.Fatalf("format %q: %v\n%s", plan.FormatVersion, err, out)
	}
	actions := map[string]string{}
	for _, r := range plan.ResourceChanges {
		if action := strings.Join(r.Change.Actions, ","); action != "no-op" {
			actions[r.Address] = action
		}
	}
	return actions
}

// hasNoSecrets looks into each file of a plan, or into the state.
func (r *repository) hasNoSecrets(plan string) {
	r.t.Helper()
	files := map[string]io.Reader{"the state": bytes.NewReader(r.state.content())}
	if plan != "" {
		archive, err := zip.OpenReader(plan)
		if err != nil {
			r.t.Fatal(err)
		}
		defer archive.Close()
		for _, file := range archive.File {
			reader, err := file.Open()
			if err != nil {
				r.t.Fatal(err)
			}
			defer reader.Close()
			files[file.Name] = reader
		}
	}
	seen := false
	for name, reader := range files {
		content, err := io.ReadAll(reader)
		if err != nil {
			r.t.Fatal(err)
		}
		seen = seen || bytes.Contains(content, []byte(exampleUser))
		for _, secret := range []string{examplePassword, ccrmock.DefaultSecretAccessKey, "token-of-"} {
			if bytes.Contains(content, []byte(secret)) {
				r.t.Errorf("%s has %q in it", name, secret)
			}
		}
	}
	if !seen {
		r.t.Error("not even the user name was found: secrets would not be either")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	writeFile(t, to, readFile(t, from))
}

func equalMaps(a, b map[string]string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// stateServer keeps a state for the http backend, and its lock.
type stateServer struct {
	mu      sync.Mutex
	tokens  map[string]bool
	state   []byte
	lock    []byte        // as the holder sent it
	refused chan struct{} // a lock was refused since this was last received from
}

func (s *stateServer) allow(token string, good bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = good
}

func (s *stateServer) waitRefused(t *testing.T) {
	t.Helper()
	select {
	case <-s.refused:
	case <-time.After(time.Minute):
		t.Fatal("nobody asked for the lock while it was held")
	}
}

func (s *stateServer) content() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.state)
}

func (s *stateServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, token, _ := r.BasicAuth(); !s.tokens[token] {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /state":
		if s.state == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(s.state)
	case "POST /state":
		if s.lock == nil || lockID(s.lock) != r.URL.Query().Get("ID") {
			w.WriteHeader(http.StatusConflict)
			return
		}
		s.state = body
	case "POST /state/lock":
		if s.lock != nil {
			w.WriteHeader(http.StatusLocked)
			_, _ = w.Write(s.lock)
			select {
			case s.refused <- struct{}{}:
			default:
			}
			return
		}
		s.lock = body
	case "DELETE /state/lock":
		if lockID(s.lock) != lockID(body) {
			w.WriteHeader(http.StatusConflict)
			return
		}
		s.lock = nil
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func lockID(lock []byte) string {
	var info struct{ ID string }
	_ = json.Unmarshal(lock, &info)
	return info.ID
}
