package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer returns the provider as a CLI speaks to it.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer { return newServer(version, realWorld()) }
}

func newServer(version string, w world) tfprotov6.ProviderServer {
	framework := providerserver.NewProtocol6(newProvider(version, w)())()
	return &server{framework.(frameworkServer)} //nolint:errcheck // with a framework that lacks a part, every test stops here
}

// frameworkServer is what the framework's server can do for this provider.
type frameworkServer interface {
	tfprotov6.ProviderServerWithActions
	tfprotov6.ProviderServerWithListResource
}

// server is the framework's server with calls that end when they end, where
// there can be thousands of them. The framework keeps the cancel function of every call until the process
// stops, and so the call's context, which holds some 13 KB of loggers: a plan
// of 20,000 resources, with four calls for each, would keep a gigabyte.
type server struct{ frameworkServer }

func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return call(ctx, req, s.frameworkServer.ValidateResourceConfig)
}

func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return call(ctx, req, s.frameworkServer.UpgradeResourceState)
}

func (s *server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return call(ctx, req, s.frameworkServer.UpgradeResourceIdentity)
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return call(ctx, req, s.frameworkServer.ImportResourceState)
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return call(ctx, req, s.frameworkServer.ReadResource)
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return call(ctx, req, s.frameworkServer.PlanResourceChange)
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return call(ctx, req, s.frameworkServer.ApplyResourceChange)
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return call(ctx, req, s.frameworkServer.ValidateDataResourceConfig)
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return call(ctx, req, s.frameworkServer.ReadDataSource)
}

func (s *server) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return call(ctx, req, s.frameworkServer.CallFunction)
}

// call does one call in a context that lets go of its parent when it is over.
func call[Req, Resp any](ctx context.Context, req Req, do func(context.Context, Req) (Resp, error)) (Resp, error) {
	c := &callContext{}
	c.parent.Store(&ctx)
	defer c.parent.Store(&callEnded)
	return do(c, req)
}

// callContext is its parent until the call is over.
type callContext struct {
	parent atomic.Pointer[context.Context]
}

// callEnded is what the contexts of calls are after them.
var callEnded = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *callContext) Deadline() (time.Time, bool) { return (*c.parent.Load()).Deadline() }
func (c *callContext) Done() <-chan struct{}       { return (*c.parent.Load()).Done() }
func (c *callContext) Err() error                  { return (*c.parent.Load()).Err() }
func (c *callContext) Value(key any) any           { return (*c.parent.Load()).Value(key) }
