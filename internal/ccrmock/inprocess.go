package ccrmock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// handlerTransport calls a handler instead of the network.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() { _ = in.Body.Close() }()
	in.Host = r.URL.Host
	in.RequestURI = r.URL.RequestURI()
	out := &recorder{header: http.Header{}}
	t.handler.ServeHTTP(out, in)
	if out.status == 0 {
		out.status = http.StatusOK
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)),
		StatusCode:    out.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        out.header,
		Body:          io.NopCloser(&out.body),
		ContentLength: out.contentLength(r.Method),
		Request:       r,
	}, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) contentLength(method string) int64 {
	var n int64
	if method != http.MethodHead {
		return int64(w.body.Len())
	}
	if _, err := fmt.Sscan(w.header.Get("Content-Length"), &n); err != nil {
		return -1
	}
	return n
}

// Images returns what the destination holds: "project/repository:tag" to digest.
func (s *Server) Images() map[string]string { return imagesIn(s.destination) }

// imagesIn lists the tags of a registry in this process.
func imagesIn(handler http.Handler) map[string]string {
	ctx := context.Background()
	images := map[string]string{}
	registry, err := name.NewRegistry(destinationHost, name.Insecure)
	if err != nil {
		panic(err) // a constant
	}
	puller, err := remote.NewPuller(append(onceOnly(), remote.WithTransport(handlerTransport{handler}))...)
	if err != nil {
		panic(err) // constant options
	}
	repositories, err := puller.Catalog(ctx, registry)
	if err != nil {
		panic(fmt.Sprintf("list the in-memory registry: %v", err))
	}
	for _, repository := range repositories {
		tags, err := puller.List(ctx, registry.Repo(repository))
		if err != nil {
			continue // removed meanwhile
		}
		for _, tag := range tags {
			if d, err := puller.Head(ctx, registry.Repo(repository).Tag(tag)); err == nil {
				images[repository+":"+tag] = d.Digest.String()
			}
		}
	}
	return images
}

var errNoTag = errors.New("an image reference is repository:tag")

// splitTag takes "cce/web:v1" apart.
func splitTag(ref string) (repository, tag string, err error) {
	i := strings.LastIndexByte(ref, ':')
	if i <= 0 || i == len(ref)-1 || !repositoryName.MatchString(ref[:i]) {
		return "", "", fmt.Errorf("%w, not %q", errNoTag, ref)
	}
	return ref[:i], ref[i+1:], nil
}

// isNotFound says whether a registry answered 404.
func isNotFound(err error) bool {
	answered, ok := errors.AsType[*transport.Error](err)
	return ok && answered.StatusCode == http.StatusNotFound
}
