package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	_ "github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server" // registers the messages of the protocol
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/provider"
)

// parallelism is how many resources a CLI works on at once.
const parallelism = 10

// refreshAlone has the provider refresh the n registries and n policies with the ids 1 to n, without a CLI.
func (b *bench) refreshAlone(ctx context.Context, n int) (measure, error) {
	var best measure
	for i := range b.repeat {
		peaks := filepath.Join(b.dir, "refresh-peaks")
		cmd := exec.Command("bin/bench-peak") //nolint:noctx // go-plugin ends it
		cmd.Env = append(b.mock.environ(), "PEAK_OF=bin/terraform-provider-ccr", "PEAK_FILE="+peaks)
		began := time.Now()
		if err := refresh(ctx, cmd, n); err != nil {
			return measure{}, fmt.Errorf("refresh %d of each: %w", n, err)
		}
		m := measure{wall: time.Since(began)}
		var err error
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

// refresh starts a provider and speaks to it as a CLI does.
func refresh(ctx context.Context, cmd *exec.Cmd, n int) error {
	started := plugin.NewClient(&plugin.ClientConfig{
		Cmd: cmd, AutoMTLS: true, Logger: hclog.NewNullLogger(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		VersionedPlugins: map[int]plugin.PluginSet{6: {"provider": connection{}}},
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey: "TF_PLUGIN_MAGIC_COOKIE", MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
	})
	defer started.Kill()
	protocol, err := started.Client()
	if err != nil {
		return err
	}
	dispensed, err := protocol.Dispense("provider")
	if err != nil {
		return err
	}
	conn, ok := dispensed.(*grpc.ClientConn)
	if !ok {
		return fmt.Errorf("%T is no connection", dispensed)
	}
	config, err := noConfig(ctx)
	if err != nil {
		return err
	}
	if _, err := call(ctx, conn, "ConfigureProvider", values{"config": config}); err != nil {
		return err
	}
	for _, kind := range []string{"ccr_registry", "ccr_migration_policy"} {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(parallelism)
		for id := 1; id <= n; id++ {
			group.Go(func() error { return readOne(ctx, conn, kind, strconv.Itoa(id)) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// connection is a plugin that gives its connection.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is no provider")
}

func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// readOne imports a resource, which costs nothing and makes a state, and refreshes it.
func readOne(ctx context.Context, conn *grpc.ClientConn, kind, id string) error {
	imported, err := call(ctx, conn, "ImportResourceState", values{"type_name": kind, "id": id})
	if err != nil {
		return err
	}
	state := field(imported, "imported_resources").List().Get(0).Message()
	read, err := call(ctx, conn, "ReadResource", values{
		"type_name": kind, "current_state": field(state, "state").Message(),
		"private": field(state, "private").Bytes(), "current_identity": field(state, "identity").Message(),
	})
	if err != nil {
		return err
	}
	value := tfprotov6.DynamicValue{MsgPack: field(field(read, "new_state").Message(), "msgpack").Bytes()}
	null, err := value.IsNull()
	if null {
		err = fmt.Errorf("%s %s is gone", kind, id)
	}
	return err
}

// values are the fields of a message by name.
type values map[string]any

// call makes one call of the protocol. plugin-go keeps the types of its messages to itself, so they are made from what it
// registers of them.
func call(ctx context.Context, conn *grpc.ClientConn, method string, fields values) (protoreflect.Message, error) {
	request, err := message(method + ".Request")
	if err != nil {
		return nil, err
	}
	for name, value := range fields {
		request.Set(request.Descriptor().Fields().ByName(protoreflect.Name(name)), protoreflect.ValueOf(value))
	}
	response, err := message(method + ".Response")
	if err != nil {
		return nil, err
	}
	if err := conn.Invoke(ctx, "/tfplugin6.Provider/"+method, request, response); err != nil {
		return nil, err
	}
	for i, diags := 0, field(response, "diagnostics").List(); i < diags.Len(); i++ {
		if d := diags.Get(i).Message(); field(d, "severity").Enum() == 1 { // an error
			err = errors.Join(err, fmt.Errorf("%s: %s %s", method, field(d, "summary"), field(d, "detail")))
		}
	}
	return response, err
}

func message(name string) (*dynamicpb.Message, error) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("tfplugin6." + name))
	if err != nil {
		return nil, err
	}
	of, ok := found.(protoreflect.MessageDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is no message", name)
	}
	return dynamicpb.NewMessage(of), nil
}

func field(m protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return m.Get(m.Descriptor().Fields().ByName(name))
}

// noConfig is a provider block without any argument.
func noConfig(ctx context.Context) (protoreflect.Message, error) {
	schema, err := providerserver.NewProtocol6(provider.New("bench")())().GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	of, ok := schema.Provider.ValueType().(tftypes.Object)
	if !ok {
		return nil, errors.New("the provider's configuration is no object")
	}
	nulls := map[string]tftypes.Value{}
	for name, kind := range of.AttributeTypes {
		nulls[name] = tftypes.NewValue(kind, nil)
	}
	value, err := tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, nulls))
	if err != nil {
		return nil, err
	}
	config, err := message("DynamicValue")
	if err == nil {
		config.Set(config.Descriptor().Fields().ByName("msgpack"), protoreflect.ValueOf(value.MsgPack))
	}
	return config, err
}

// listRegistries returns how long it takes to list every registry.
func (b *bench) listRegistries(ctx context.Context) (time.Duration, error) {
	best := time.Hour
	for range 2 + b.repeat {
		c, err := b.mock.client() // a new one has listed nothing
		if err != nil {
			return 0, err
		}
		began := time.Now()
		if _, err := c.Registry(ctx, 1); err != nil {
			return 0, err
		}
		best = min(best, time.Since(began))
	}
	return best, nil
}
