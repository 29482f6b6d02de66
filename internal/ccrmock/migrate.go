package ccrmock

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// destinationHost stands in errors; no request leaves the process.
const destinationHost = "destination.invalid"

var repositoryName = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)

// job is what an execution was started with.
type job struct {
	policy Policy
	source *Registry // nil when it was gone
}

// task is one image tag to migrate.
type task struct {
	repository string
	tag        string
}

func (t task) String() string { return t.repository + ":" + t.tag }

// migration is a job whose images are known.
type migration struct {
	job
	tasks       []task
	up          *upstream
	pusher      *remote.Pusher
	destination *remote.Puller
}

// plan finds the images. An error here is one before any image is known.
func (s *Server) plan(ctx context.Context, j job) (*migration, error) {
	if s.namespaces != nil && !s.namespaces[j.policy.DestProjectName] {
		return nil, fmt.Errorf("the destination namespace %q does not exist", j.policy.DestProjectName)
	}
	if j.source == nil {
		return nil, fmt.Errorf("the source registry %d does not exist", j.policy.SrcRegistryID)
	}
	up, err := connect(*j.source, s.hosts)
	if err != nil {
		return nil, err
	}
	m := &migration{job: j, up: up}
	opts := append(onceOnly(), remote.WithTransport(handlerTransport{s.destination}))
	if m.pusher, err = remote.NewPusher(opts...); err == nil {
		m.destination, err = remote.NewPuller(opts...)
	}
	if err == nil {
		err = m.findTasks(ctx)
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *migration) close() { m.up.close() }

func (m *migration) findTasks(ctx context.Context) error {
	names, tags := m.patterns(FilterName), m.patterns(FilterTag)
	repositories, err := m.repositories(ctx, names)
	if err != nil {
		return err
	}
	for _, repository := range repositories {
		found, err := m.up.puller.List(ctx, m.up.registry.Repo(repository))
		if err != nil {
			return m.up.explain(err)
		}
		// One image by its literal name is asked for, so not to have it is a failure
		// of that image rather than nothing to do.
		if tag, ok := literal(tags); ok && !slices.Contains(found, tag) {
			if _, one := literal(names); one {
				found = []string{tag}
			}
		}
		slices.Sort(found)
		for _, tag := range found {
			if matchAll(tags, tag) {
				m.tasks = append(m.tasks, task{repository: repository, tag: tag})
			}
		}
	}
	return nil
}

func (m *migration) patterns(kind string) []string {
	var out []string
	for _, f := range m.policy.Filters {
		if f.Type == kind {
			out = append(out, f.Value)
		}
	}
	return out
}

// repositories asks the catalog only when no name is literal.
func (m *migration) repositories(ctx context.Context, patterns []string) ([]string, error) {
	var candidates []string
	if one, ok := literal(patterns); ok {
		if !repositoryName.MatchString(one) {
			return nil, fmt.Errorf("%q is not a repository name", one)
		}
		candidates = []string{one}
	} else {
		var err error
		if candidates, err = m.up.puller.Catalog(ctx, m.up.registry); err != nil {
			return nil, fmt.Errorf("list the repositories that %q may match: %w", patterns, m.up.explain(err))
		}
		slices.Sort(candidates)
	}
	return slices.DeleteFunc(candidates, func(repository string) bool { return !matchAll(patterns, repository) }), nil
}

// literal returns the pattern that can match only itself, if there is one.
func literal(patterns []string) (string, bool) {
	for _, p := range patterns {
		if !strings.ContainsAny(p, `*?[]{}\`) {
			return p, true
		}
	}
	return "", false
}

func matchAll(patterns []string, s string) bool {
	for _, p := range patterns {
		if ok, err := doublestar.Match(p, s); err != nil || !ok {
			return false
		}
	}
	return true
}

// copy migrates one image. That it is there already, or that another one is and
// must not be overridden, is no error.
func (m *migration) copy(ctx context.Context, t task) error {
	from := m.up.registry.Repo(t.repository).Tag(t.tag)
	image, err := m.up.puller.Get(ctx, from)
	if err != nil {
		return m.up.explain(err)
	}
	to, err := m.destinationTag(t)
	if err != nil {
		return err
	}
	there, err := m.destination.Head(ctx, to)
	switch {
	case err == nil && (there.Digest == image.Digest || !m.policy.Override):
		return nil
	case err != nil && !isNotFound(err):
		return fmt.Errorf("destination: %w", err)
	}
	if err := m.pusher.Push(ctx, to, image); err != nil {
		return m.up.explain(err)
	}
	return nil
}

// destinationTag keeps only the last element of the source repository, so two
// sources may meet there.
func (m *migration) destinationTag(t task) (name.Tag, error) {
	repository := m.policy.DestProjectName + "/" + path.Base(t.repository)
	to, err := name.NewTag(destinationHost+"/"+repository+":"+t.tag, name.Insecure, name.StrictValidation)
	if err != nil {
		return name.Tag{}, fmt.Errorf("destination %s:%s: %w", repository, t.tag, err)
	}
	return to, nil
}
