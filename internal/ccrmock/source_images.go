package ccrmock

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	layerBytes    = 2048
	layersPerItem = 2
)

// PushImage puts an image under "repository:tag" and returns its digest. What it
// holds depends on the reference alone.
func (s *Source) PushImage(ref string) (digest string, err error) {
	return s.PushRevision(ref, 0)
}

// PushRevision is [Source.PushImage] with other content for each revision.
func (s *Source) PushRevision(ref string, revision int) (digest string, err error) {
	image, err := newImage(fmt.Sprintf("%s@%d", ref, revision))
	if err != nil {
		return "", err
	}
	return s.push(ref, image)
}

// PushIndex puts an image for two platforms under "repository:tag", with an
// attestation as build tools attach it, and returns the index's digest.
func (s *Source) PushIndex(ref string) (digest string, err error) {
	index := v1.ImageIndex(empty.Index)
	var first v1.Hash
	for i, platform := range []v1.Platform{
		{OS: "linux", Architecture: "amd64"},
		{OS: "linux", Architecture: "arm64", Variant: "v8"},
		{OS: "unknown", Architecture: "unknown"},
	} {
		image, err := newImage(fmt.Sprintf("%s/%s", ref, platform))
		if err != nil {
			return "", err
		}
		descriptor := v1.Descriptor{Platform: &platform}
		if i == 0 {
			if first, err = image.Digest(); err != nil {
				return "", err
			}
		}
		if platform.OS == "unknown" {
			descriptor.Annotations = map[string]string{
				"vnd.docker.reference.type":   "attestation-manifest",
				"vnd.docker.reference.digest": first.String(),
			}
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: descriptor})
	}
	return s.push(ref, index)
}

// Seed pushes each of refs: "repository:tag", or "repository:tag@index" for an
// image of several platforms.
func (s *Source) Seed(refs ...string) error {
	for _, ref := range refs {
		var err error
		if base, isIndex := strings.CutSuffix(ref, "@index"); isIndex {
			_, err = s.PushIndex(base)
		} else {
			_, err = s.PushImage(ref)
		}
		if err != nil {
			return fmt.Errorf("seed the source: %w", err)
		}
	}
	return nil
}

// Images returns what the source holds: "repository:tag" to digest.
func (s *Source) Images() map[string]string { return imagesIn(s.registry) }

// Digest returns the digest of "repository:tag", empty when it is not there.
func (s *Source) Digest(ref string) string { return s.Images()[ref] }

// newImage makes the same image for the same seed.
func newImage(seed string) (v1.Image, error) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed))
	source := rand.NewSource(int64(h.Sum64()))
	return random.Image(layerBytes, layersPerItem, random.WithSource(source))
}

// push writes past the login.
func (s *Source) push(ref string, image remote.Taggable) (string, error) {
	repository, tag, err := splitTag(ref)
	if err != nil {
		return "", err
	}
	to, err := name.NewTag(destinationHost+"/"+repository+":"+tag, name.Insecure, name.StrictValidation)
	if err != nil {
		return "", err
	}
	pusher, err := remote.NewPusher(append(onceOnly(), remote.WithTransport(handlerTransport{s.registry}))...)
	if err != nil {
		return "", err
	}
	if err := pusher.Push(context.Background(), to, image); err != nil {
		return "", fmt.Errorf("push %s: %w", ref, err)
	}
	return s.Digest(ref), nil
}
