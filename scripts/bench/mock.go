package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// mock is bin/ccr-mock, in a process of its own: its memory and its CPU time are nobody else's.
type mock struct {
	cmd     *exec.Cmd
	exports map[string]string
}

func startMock(ctx context.Context) (*mock, error) {
	m := &mock{cmd: exec.CommandContext(ctx, "bin/ccr-mock", "-seed-source", "cce/web:v1"), exports: map[string]string{}}
	m.cmd.Stderr = os.Stderr
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for m.exports["CCR_MOCK_DESTINATION"] == "" && lines.Scan() { // the last of them
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		m.exports[name] = strings.Trim(value, "'")
	}
	if m.exports["CCR_MOCK_DESTINATION"] == "" {
		m.stop()
		return nil, errors.New("bin/ccr-mock did not say where it listens")
	}
	return m, nil
}

func (m *mock) stop() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// environ is the environment of whoever is to use the mock.
func (m *mock) environ() []string {
	env := os.Environ()
	for name, value := range m.exports {
		env = append(env, name+"="+value)
	}
	return env
}

// delay makes every request from now on take so long.
func (m *mock) delay(ctx context.Context, d time.Duration) error {
	if err := m.control(ctx, http.MethodDelete, "faults", "", nil); err != nil || d == 0 {
		return err
	}
	return m.control(ctx, http.MethodPost, "faults", fmt.Sprintf(`{"kind":"delay","times":-1,"delay":%q}`, d), nil)
}

// counts are requests by what they are.
type counts struct {
	list               map[string]int // by collection
	post, put, deleted int
}

func (c counts) lists() int {
	sum := 0
	for _, n := range c.list {
		sum += n
	}
	return sum
}

func (c counts) all() int { return c.lists() + c.post + c.put + c.deleted }

// spent counts the requests since it was last asked.
func (m *mock) spent(ctx context.Context) (counts, error) {
	var journal []struct{ Method, Path string }
	if err := m.control(ctx, http.MethodGet, "requests", "", &journal); err != nil {
		return counts{}, err
	}
	c := counts{list: map[string]int{}}
	for _, r := range journal {
		switch r.Method {
		case http.MethodGet:
			c.list[strings.TrimPrefix(r.Path, "/v1/ccr/")]++
		case http.MethodPost:
			c.post++
		case http.MethodPut:
			c.put++
		default:
			c.deleted++
		}
	}
	return c, m.control(ctx, http.MethodDelete, "requests", "", nil)
}

// control uses the mock's control path.
func (m *mock) control(ctx context.Context, method, what, body string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, m.exports["CCR_ENDPOINT"]+"/_mock/"+what, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s /_mock/%s: %s: %s", method, what, res.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// client is a client of the mock without a provider around it.
func (m *mock) client() (*client.Client, error) {
	endpoint, err := url.Parse(m.exports["CCR_ENDPOINT"])
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{
		Endpoint: endpoint, AccessKey: m.exports["BAIDUCLOUD_ACCESS_KEY"], SecretKey: m.exports["BAIDUCLOUD_SECRET_KEY"],
	}), nil
}

// fill creates registries and policies with the ids from one number to another.
func (m *mock) fill(ctx context.Context, from, to int) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i := from; i <= to; i++ {
		group.Go(func() error {
			id, err := c.CreateRegistry(ctx, client.RegistryInput{
				Name: fmt.Sprintf("registry-%d", i), Type: "docker-registry", URL: "http://hub.baidubce.com",
				Credential: client.Credential{Type: "basic", AccessKey: "demo", AccessSecret: "demo-password"},
			})
			if err != nil {
				return err
			}
			_, err = c.CreatePolicy(ctx, client.PolicyInput{
				Name: fmt.Sprintf("policy-%d", i), SrcRegistry: client.Source{ID: id}, DestProjectName: "public",
				Trigger: client.Trigger{Type: "manual"}, Filters: []client.Filter{{Type: client.FilterName, Value: "cce/web"}},
			})
			return err
		})
	}
	return group.Wait()
}
