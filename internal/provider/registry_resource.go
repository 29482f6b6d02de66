package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var (
	_ resource.ResourceWithConfigure   = (*registryResource)(nil)
	_ resource.ResourceWithIdentity    = (*registryResource)(nil)
	_ resource.ResourceWithImportState = (*registryResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*registryResource)(nil)
)

func newRegistryResource() resource.Resource {
	return &registryResource{resourceBase{suffix: registrySuffix}}
}

const registrySuffix = "_registry"

type registryResource struct{ resourceBase }

func (r *registryResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = idIdentitySchema("registry")
}

// ModifyPlan asks for another update when the last one left a registry that
// CCR could not reach, or whose update may have got lost: without it the next
// apply would find nothing to do.
func (r *registryResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	mark, diags := req.Private.GetKey(ctx, unhealthyKey)
	resp.Diagnostics.Append(diags...)
	var required types.Bool
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("require_healthy"), &required)...)
	unsettled, diags := req.Private.GetKey(ctx, unsettledKey)
	resp.Diagnostics.Append(diags...)
	if len(mark) > 0 && required.ValueBool() || len(unsettled) > 0 {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), types.StringUnknown())...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("update_time"), types.StringUnknown())...)
	}
}

// unhealthyKey marks, in private state, a registry whose last update failed
// for its health.
const unhealthyKey = "unhealthy"

func (r *registryResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config registryModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	tried := fmt.Sprintf("Could not create the registry %q", plan.Name.ValueString())
	in := plan.input(config.Credential)
	if in.Credential.AccessSecret == "" {
		resp.Diagnostics.Append(noPassword(tried))
		return
	}
	id, err := r.client.CreateRegistry(ctx, in)
	if err != nil {
		resp.Diagnostics.Append(r.writeError(ctx, "Creating the registry failed", tried, plan.Name.ValueString(), 0, err))
		return
	}
	// The id goes into state before anything else can fail: a registry that
	// nobody knows of would block its name.
	plan.ID = types.StringValue(id.String())
	plan.settle(client.Registry{})
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, plan.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.RequireHealthy.ValueBool() {
		if unhealthy := r.checkHealth(ctx, id, &plan); unhealthy != nil {
			r.undoCreate(ctx, id, &plan, unhealthy, resp)
			return
		}
	}
	resp.Diagnostics.Append(r.readBack(ctx, id, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// undoCreate removes a registry that this apply created and CCR cannot reach.
func (r *registryResource) undoCreate(ctx context.Context, id client.ID, plan *registryModel, unhealthy complaint, resp *resource.CreateResponse) {
	if err := r.client.DeleteRegistry(context.WithoutCancel(ctx), id); err != nil {
		resp.Diagnostics.Append(unhealthy(""))
		resp.Diagnostics.Append(apiError("Removing the unhealthy registry failed",
			fmt.Sprintf("The registry %q (id %s) stays in CCR and in the state, and the next apply replaces it", plan.Name.ValueString(), id), err))
		return
	}
	resp.Diagnostics.Append(unhealthy(", which was removed again"))
	resp.State.RemoveResource(ctx)
}

// complaint makes the diagnostic of a registry that is not healthy, given what
// became of it.
type complaint func(fate string) diag.Diagnostic

// checkHealth asks CCR to reach the registry, and returns a complaint when it
// does not, or does not say.
func (r *registryResource) checkHealth(ctx context.Context, id client.ID, m *registryModel) complaint {
	healthy, err := r.client.CheckRegistry(ctx, id)
	if healthy && err == nil {
		return nil
	}
	return func(fate string) diag.Diagnostic {
		which := fmt.Sprintf("the registry %q (id %s)%s", m.Name.ValueString(), id, fate)
		if err != nil {
			return apiError("Checking the registry failed", "Could not ask CCR whether it reaches "+which, err)
		}
		return diag.NewErrorDiagnostic("Registry is not healthy",
			unhealthyDetail("CCR could not use "+which, m.URL.ValueString(), loginOf(m.Credential.AccessKey)))
	}
}

// unhealthyDetail says what CCR tried. It answers only yes or no, so the causes
// are the ones there can be.
func unhealthyDetail(what, url, login string) string {
	return fmt.Sprintf("%s: its health check of %s with %s answered \"unhealthy\".\n\n"+
		"Next step: check the URL, which CCR's own network must reach, the user name and the password, and, where the certificate is private, the insecure setting.",
		what, url, login)
}

// loginOf names a credential without its secret.
func loginOf(user types.String) string { return fmt.Sprintf("the user %q", user.ValueString()) }

func (r *registryResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state registryModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, state.ID)...)
	id := parseStateID(state.ID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	registry, err := r.client.Registry(ctx, id)
	if errors.Is(err, client.ErrNotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(apiError("Reading the registry failed", "Could not read "+called("registry", state.Name, id), err))
		return
	}
	state.read(registry)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *registryResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, config registryModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	id := parseStateID(plan.ID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	tried := triedUpdate("registry", nameBefore(ctx, req, &resp.Diagnostics), plan.Name, id)
	in := plan.input(config.Credential)
	if in.Credential.AccessSecret == "" {
		resp.Diagnostics.Append(noPassword(tried))
		return
	}
	err := r.client.UpdateRegistry(ctx, id, in)
	resp.Diagnostics.Append(noteUpdate(ctx, resp.Private, err)...)
	if err != nil {
		resp.Diagnostics.Append(r.writeError(ctx, "Updating the registry failed", tried, plan.Name.ValueString(), id, err))
		return
	}
	var mark []byte
	if plan.RequireHealthy.ValueBool() {
		if unhealthy := r.checkHealth(ctx, id, &plan); unhealthy != nil {
			resp.Diagnostics.Append(unhealthy(", which was updated as declared"))
			mark = []byte(`true`)
		}
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, unhealthyKey, mark)...)
	resp.Diagnostics.Append(r.readBack(ctx, id, &plan)...)
	plan.settle(client.Registry{})
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, plan.ID)...)
}

// noPassword refuses a write that would wipe the password CCR holds.
func noPassword(tried string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("credential"), "Missing password", tried+
		": neither access_secret_wo nor access_secret has a value in this apply. CCR takes a registry only as a whole, so without the password the one it holds would be wiped. Nothing was sent.\n\n"+
		"Next step: give the password to the apply too; an ephemeral variable must be set again for it.")
}

// readBack fills in what the server decides. It is only a warning when that
// fails: the write is done, and an error would have Terraform do it again.
func (r *registryResource) readBack(ctx context.Context, id client.ID, m *registryModel) (diags diag.Diagnostics) {
	registry, err := r.client.WrittenRegistry(ctx, id, m.Name.ValueString())
	if err != nil {
		diags.AddWarning("Registry was written but could not be read back", errorDetail(fmt.Sprintf(
			"CCR holds the registry %q (id %s) as declared; its status and times are filled in by the next refresh", m.Name.ValueString(), id), err))
		return diags
	}
	m.settle(registry)
	return diags
}

func (r *registryResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state registryModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	id := parseStateID(state.ID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.client.DeleteRegistry(ctx, id)
	if err == nil {
		return
	}
	tried := fmt.Sprintf("Could not delete the registry %q (id %s)", state.Name.ValueString(), id)
	if !client.InUse(err) {
		resp.Diagnostics.Append(apiError("Deleting the registry failed", tried, err))
		return
	}
	resp.Diagnostics.AddError("Registry is still in use", errorDetail(tried, err)+"\n\n"+r.users(ctx, state.Name.ValueString(), id))
}

// users says which policies read from a registry, as far as can be told.
func (r *registryResource) users(ctx context.Context, name string, id client.ID) string {
	const step = "Next step: delete the policies that read from it, or point them at another registry, then apply again."
	var users []string
	// The listing that reads share may be from before the policy came.
	for p, err := range r.client.EachPolicy(ctx) {
		if err != nil {
			return step
		}
		if p.SrcRegistry.Name == name || p.SrcRegistry.ID == id {
			users = append(users, bounded(fmt.Sprintf("%q (id %s)", p.Name, p.ID)))
		}
	}
	if len(users) == 0 {
		return step
	}
	slices.Sort(users)
	const most = 10
	if len(users) > most {
		users = append(users[:most], fmt.Sprintf("and %d more", len(users)-most))
	}
	return "Policies that read from it: " + strings.Join(users, ", ") + ".\n\n" + step
}

func (r *registryResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByIDOrName(ctx, "registry", req, resp, func(ctx context.Context, name string) (client.ID, error) {
		registry, err := r.client.RegistryNamed(ctx, name)
		return registry.ID, err
	})
}

// writeError is the diagnostic of a create or update that failed; own is the id
// of what was updated.
func (r *registryResource) writeError(ctx context.Context, summary, tried, name string, own client.ID, err error) diag.Diagnostic {
	if !client.Conflict(err) {
		return apiError(summary, tried, err)
	}
	found, lookErr := r.client.RegistryNamed(ctx, name)
	if nameIsFree(found.ID, own, lookErr) {
		return apiError(summary, tried, err)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("name"), "Registry name is taken", nameTaken(tried, "registry", name, found.ID, own, err))
}
