package provider

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func TestCallContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	defer cancel()
	contexts, err := call(parent, "question", func(ctx context.Context, req string) ([2]context.Context, error) {
		child, cancelChild := context.WithCancel(ctx)
		t.Cleanup(cancelChild)
		if ctx.Value(key{}) != "value" || ctx.Err() != nil || ctx.Done() != parent.Done() {
			t.Error("the context is not the parent during the call")
		}
		if _, ok := ctx.Deadline(); ok {
			t.Error("it has a deadline")
		}
		return [2]context.Context{ctx, child}, errors.New(req)
	})
	if err == nil || err.Error() != "question" {
		t.Errorf("got the error %v", err)
	}
	kept, child := contexts[0], contexts[1]
	if kept.Value(key{}) != nil || !errors.Is(kept.Err(), context.Canceled) {
		t.Errorf("after the call: value %v, error %v", kept.Value(key{}), kept.Err())
	}
	cancel()
	if <-child.Done(); !errors.Is(child.Err(), context.Canceled) {
		t.Errorf("a child of it: %v", child.Err())
	}
}

// Nothing of a call's context is left when the call is over, however many there
// were.
func TestServerKeepsNothingOfACall(t *testing.T) {
	t.Parallel()
	type key struct{}
	s := newServer("test", quickWorld())
	var held []weak.Pointer[[1 << 16]byte]
	of := providerSchema().ResourceSchemas["ccr_registry"].ValueType()
	config := encode(of, toValue(of, registryConfig(0)))
	for range 20 {
		logger := new([1 << 16]byte) // a large object is in a block of its own
		held = append(held, weak.Make(logger))
		_, err := s.ValidateResourceConfig(context.WithValue(t.Context(), key{}, logger),
			&tfprotov6.ValidateResourceConfigRequest{TypeName: "ccr_registry", Config: config})
		if err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	left := 0
	for _, pointer := range held {
		if pointer.Value() != nil {
			left++
		}
	}
	if left > 1 { // the last may still be in a register
		t.Errorf("%d of %d contexts are kept", left, len(held))
	}
	runtime.KeepAlive(s)
}
