package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/sync/errgroup"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/provider"
)

// parallelism is how many resources a CLI works on at once.
const parallelism = 10

// refreshCommand is the first argument of this program's own process that [refresh] runs in.
const refreshCommand = "refresh"

// refreshAlone refreshes n registries and n policies in a process that has nothing in it but the provider and what asks it.
func (b *bench) refreshAlone(ctx context.Context, n int) (measure, error) {
	self, err := os.Executable()
	if err != nil {
		return measure{}, err
	}
	peaks := filepath.Join(b.dir, "refresh-peaks")
	var best measure
	for i := range b.repeat {
		cmd := exec.CommandContext(ctx, "bin/bench-peak", refreshCommand, strconv.Itoa(n)) //nolint:gosec // G204: this program
		cmd.Env = append(b.mock.environ(), "PEAK_OF="+self, "PEAK_FILE="+peaks)
		cmd.Stderr = os.Stderr
		began := time.Now()
		if err := cmd.Run(); err != nil {
			return measure{}, fmt.Errorf("refresh %d of each: %w", n, err)
		}
		m := measure{wall: time.Since(began)}
		if m.counts, err = b.mock.spent(ctx); err != nil {
			return measure{}, err
		}
		if m.peak, err = takePeak(peaks); err != nil {
			return measure{}, err
		}
		if i > 0 {
			m.wall, m.peak = min(m.wall, best.wall), max(m.peak, best.peak)
		}
		best = m
	}
	b.say("%d of each, refresh without a CLI: %.2f s, %d requests, %d MiB", n, best.wall.Seconds(), best.all(), best.peak)
	return best, nil
}

// refresh is that process: it speaks to the provider as a CLI does, about the objects with the ids 1 to n.
func refresh(ctx context.Context, n int) error {
	server := providerserver.NewProtocol6(provider.New("bench")())()
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	config, err := nothing(schema.Provider.ValueType())
	if err != nil {
		return err
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: &config, TerraformVersion: "1.11.0"})
	if err := failed(err, configured.Diagnostics); err != nil {
		return err
	}
	for _, kind := range []string{"ccr_registry", "ccr_migration_policy"} {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(parallelism)
		for id := 1; id <= n; id++ {
			group.Go(func() error { return readOne(ctx, server, kind, strconv.Itoa(id)) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// readOne imports a resource, which costs nothing and makes a state, and refreshes it.
func readOne(ctx context.Context, server tfprotov6.ProviderServer, kind, id string) error {
	imported, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
	if err := failed(err, imported.Diagnostics); err != nil {
		return err
	}
	state := imported.ImportedResources[0]
	read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: kind, CurrentState: state.State, Private: state.Private, CurrentIdentity: state.Identity,
	})
	if err := failed(err, read.Diagnostics); err != nil {
		return err
	}
	null, err := read.NewState.IsNull()
	if null {
		err = fmt.Errorf("%s %s is gone", kind, id)
	}
	return err
}

// nothing is an object without any attribute set.
func nothing(of tftypes.Type) (tfprotov6.DynamicValue, error) {
	object, ok := of.(tftypes.Object)
	if !ok {
		return tfprotov6.DynamicValue{}, fmt.Errorf("%s is no object", of)
	}
	values := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		values[name] = tftypes.NewValue(kind, nil)
	}
	return tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, values))
}

func failed(err error, diags []*tfprotov6.Diagnostic) error {
	errs := []error{err}
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}

// listRegistries returns how long it takes to list every registry.
func (b *bench) listRegistries(ctx context.Context) (time.Duration, error) {
	c, err := b.mock.client()
	if err != nil {
		return 0, err
	}
	best := time.Hour
	for range 2 + b.repeat {
		began := time.Now()
		// A narrowed list is not shared, so each is read.
		if _, err := c.Registries(ctx, client.RegistryQuery{Type: "docker-registry"}); err != nil {
			return 0, err
		}
		best = min(best, time.Since(began))
	}
	return best, nil
}
