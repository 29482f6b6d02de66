package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
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

func (r *registryResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A source registry that CCR may copy images from: a CCE image hub, a Harbor or any other Docker registry. Everything about it is updated in place; every update sends the whole registry, secret included.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id that CCR gave the registry. Never changes.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the registry, unique in the account. A change renames it in place.",
				Required:            true,
				Validators:          []validator.String{nameValidator()},
			},
			"type": schema.StringAttribute{
				MarkdownDescription: "Kind of registry, one of " + quotedList(client.RegistryTypes) + "; a CCE image hub is a `docker-registry`. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.OneOf(client.RegistryTypes...)},
			},
			"url": schema.StringAttribute{
				MarkdownDescription: "URL of the registry, with `http://` or `https://`; the CCE image hub is `http://hub.baidubce.com`. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{registryURLValidator()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Free text. A change is made in place; without it CCR holds an empty one.",
				Optional:            true,
				Validators:          []validator.String{textValidator()},
			},
			"insecure": schema.BoolAttribute{
				MarkdownDescription: "Passed to CCR as it is. CCR's document says that `true` verifies the registry's TLS certificate and `false` does not; the software that CCR is evidently built on does the opposite. Try both against a registry with a private certificate before relying on either. Default: `false`. A change is made in place.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"credential": credentialSchema(),
			"require_healthy": schema.BoolAttribute{
				MarkdownDescription: "Whether CCR must reach the registry after a create or an update. When it does not, the apply fails; a registry that this apply created is removed again. Default: `false`. A change asks CCR at once.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "What CCR last found when it checked the registry: `healthy` or `normal`, `unhealthy` or `abnormal`; null until it was checked.",
				Computed:            true,
			},
			"creation_time": schema.StringAttribute{
				MarkdownDescription: "When the registry was created, RFC 3339 in UTC.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"update_time": schema.StringAttribute{
				MarkdownDescription: "When the registry was last changed, RFC 3339 in UTC.",
				Computed:            true,
			},
		},
	}
}

func credentialSchema() schema.SingleNestedAttribute {
	secretPath := path.MatchRelative().AtParent()
	return schema.SingleNestedAttribute{
		MarkdownDescription: "How CCR logs in to the registry. Exactly one of `access_secret` and `access_secret_wo` holds the password; moving from one to the other is an update in place.",
		Required:            true,
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				MarkdownDescription: "Kind of credential, one of " + quotedList(client.CredentialTypes) + ": user name and password. Default: `basic`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(client.CredentialTypes[0]),
				Validators:          []validator.String{stringvalidator.OneOf(client.CredentialTypes...)},
			},
			"access_key": schema.StringAttribute{
				MarkdownDescription: "User name. CCR hides it, so a change made outside Terraform is not seen. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{textValidator(), stringvalidator.LengthAtLeast(1)},
			},
			"access_secret": schema.StringAttribute{
				MarkdownDescription: "Password. It is kept in the state: prefer `access_secret_wo`, which is not. CCR never returns it, so a change made outside Terraform is not seen. A change is made in place.",
				Optional:            true,
				Sensitive:           true,
				Validators: []validator.String{
					stringvalidator.LengthAtLeast(1),
					stringvalidator.ExactlyOneOf(secretPath.AtName("access_secret"), secretPath.AtName("access_secret_wo")),
					stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("credential").AtName("access_secret_wo")),
				},
			},
			"access_secret_wo": schema.StringAttribute{
				MarkdownDescription: "Password, write-only: it is sent to CCR and kept in no plan and no state (Terraform 1.11 or OpenTofu 1.11 and newer). Increase `access_secret_wo_version` whenever it changes.",
				Optional:            true,
				Sensitive:           true,
				WriteOnly:           true,
				Validators: []validator.String{
					stringvalidator.LengthAtLeast(1),
					stringvalidator.AlsoRequires(secretPath.AtName("access_secret_wo_version")),
				},
			},
			"access_secret_wo_version": schema.Int64Attribute{
				MarkdownDescription: "Version of `access_secret_wo`, any number. Terraform cannot see a write-only value change; a change of this number sends it.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AlsoRequires(secretPath.AtName("access_secret_wo"))},
			},
		},
	}
}

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
	id, err := r.client.CreateRegistry(ctx, plan.input(config.Credential))
	if err != nil {
		resp.Diagnostics.Append(r.writeError(ctx, "Creating the registry failed", tried, plan.Name.ValueString(), err))
		return
	}
	// The id goes into state before anything else can fail: a registry that
	// nobody knows of would block its name.
	plan.ID = types.StringValue(id.String())
	plan.computed(client.Registry{})
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, plan.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.RequireHealthy.ValueBool() {
		if unhealthy := r.checkHealth(ctx, id, &plan); unhealthy != nil {
			resp.Diagnostics.Append(unhealthy)
			r.undoCreate(ctx, id, &plan, resp)
			return
		}
	}
	resp.Diagnostics.Append(r.readBack(ctx, id, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// undoCreate removes a registry that this apply created and CCR cannot reach.
func (r *registryResource) undoCreate(ctx context.Context, id client.ID, plan *registryModel, resp *resource.CreateResponse) {
	if err := r.client.DeleteRegistry(context.WithoutCancel(ctx), id); err != nil {
		resp.Diagnostics.Append(apiError("Removing the unhealthy registry failed",
			fmt.Sprintf("The registry %q (id %s) stays in CCR and in the state, and the next apply replaces it", plan.Name.ValueString(), id), err))
		return
	}
	resp.State.RemoveResource(ctx)
}

// checkHealth asks CCR to reach the registry, and returns an error diagnostic
// when it does not.
func (r *registryResource) checkHealth(ctx context.Context, id client.ID, m *registryModel) diag.Diagnostic {
	healthy, err := r.client.CheckRegistry(ctx, id)
	if err != nil {
		return apiError("Checking the registry failed", fmt.Sprintf("Could not ask CCR whether it reaches the registry %q (id %s)", m.Name.ValueString(), id), err)
	}
	if healthy {
		return nil
	}
	return diag.NewErrorDiagnostic("Registry is not healthy", unhealthyDetail(
		fmt.Sprintf("CCR could not use the registry %q (id %s)", m.Name.ValueString(), id), m.URL.ValueString(), loginOf(m.Credential.AccessKey)))
}

// unhealthyDetail says what CCR tried. It answers only yes or no, so the causes
// are the ones there can be.
func unhealthyDetail(what, url, login string) string {
	return fmt.Sprintf("%s: its health check of %s with %s answered \"unhealthy\".\n\n"+
		"Next step: check that the URL is right and reachable from CCR's network, that the user name and the password are, and the insecure setting if the certificate is private.",
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
		resp.Diagnostics.Append(apiError("Reading the registry failed", fmt.Sprintf("Could not read the registry %q (id %s)", state.Name.ValueString(), id), err))
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
	tried := fmt.Sprintf("Could not update the registry %q (id %s)", plan.Name.ValueString(), id)
	err := r.client.UpdateRegistry(ctx, id, plan.input(config.Credential))
	resp.Diagnostics.Append(noteUpdate(ctx, resp.Private, err)...)
	if err != nil {
		resp.Diagnostics.Append(r.writeError(ctx, "Updating the registry failed", tried, plan.Name.ValueString(), err))
		return
	}
	var mark []byte
	if plan.RequireHealthy.ValueBool() {
		if unhealthy := r.checkHealth(ctx, id, &plan); unhealthy != nil {
			resp.Diagnostics.Append(unhealthy)
			mark = []byte(`true`)
		}
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, unhealthyKey, mark)...)
	plan.computed(client.Registry{})
	resp.Diagnostics.Append(r.readBack(ctx, id, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, plan.ID)...)
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
	m.computed(registry)
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
	policies, err := r.client.Policies(ctx)
	if err != nil {
		return step
	}
	var users []string
	for _, p := range policies {
		if p.SrcRegistry.Name == name || p.SrcRegistry.ID == id {
			users = append(users, fmt.Sprintf("%q (id %s)", p.Name, p.ID))
		}
	}
	if len(users) == 0 {
		return step
	}
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

// writeError is the diagnostic of a create or update that failed.
func (r *registryResource) writeError(ctx context.Context, summary, tried, name string, err error) diag.Diagnostic {
	if !client.Conflict(err) {
		return apiError(summary, tried, err)
	}
	found, _ := r.client.RegistryNamed(ctx, name)
	return diag.NewAttributeErrorDiagnostic(path.Root("name"), "Registry name is taken", nameTaken(tried, "registry", name, found.ID, err))
}
