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

// Nothing of a call's context is left when the call is over, whichever it was
// and whatever came of it.
func TestServerKeepsNothingOfACall(t *testing.T) {
	t.Parallel()
	type key struct{}
	s := newServer("test", quickWorld())
	resource := providerSchema().ResourceSchemas["ccr_registry"].ValueType()
	config := encode(resource, toValue(resource, registryConfig(0)))
	const kind = "ccr_registry"
	for name, do := range map[string]func(context.Context) error{
		"ValidateResourceConfig": func(ctx context.Context) error {
			_, err := s.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: kind, Config: config})
			return err
		},
		"UpgradeResourceState": func(ctx context.Context) error {
			_, err := s.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: kind, RawState: &tfprotov6.RawState{JSON: []byte("{}")}})
			return err
		},
		"UpgradeResourceIdentity": func(ctx context.Context) error {
			_, err := s.UpgradeResourceIdentity(ctx, &tfprotov6.UpgradeResourceIdentityRequest{TypeName: kind, RawIdentity: &tfprotov6.RawState{JSON: []byte("{}")}})
			return err
		},
		"ImportResourceState": func(ctx context.Context) error {
			_, err := s.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: "1"})
			return err
		},
		"ReadResource": func(ctx context.Context) error {
			_, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "none"})
			return err
		},
		"PlanResourceChange": func(ctx context.Context) error {
			_, err := s.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{TypeName: "none"})
			return err
		},
		"ApplyResourceChange": func(ctx context.Context) error {
			_, err := s.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{TypeName: "none"})
			return err
		},
		"ValidateDataResourceConfig": func(ctx context.Context) error {
			_, err := s.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: "none"})
			return err
		},
		"ReadDataSource": func(ctx context.Context) error {
			_, err := s.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: "none"})
			return err
		},
		"CallFunction": func(ctx context.Context) error {
			_, err := s.CallFunction(ctx, &tfprotov6.CallFunctionRequest{Name: "none"})
			return err
		},
	} {
		var held []weak.Pointer[[1 << 16]byte]
		for range 20 {
			logger := new([1 << 16]byte) // a large object is in a block of its own
			held = append(held, weak.Make(logger))
			if err := do(context.WithValue(t.Context(), key{}, logger)); err != nil {
				t.Fatalf("%s: %v", name, err)
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
			t.Errorf("%s: %d of %d contexts are kept", name, left, len(held))
		}
	}
	runtime.KeepAlive(s)
}
