package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var (
	_ resource.ResourceWithConfigure   = (*policyResource)(nil)
	_ resource.ResourceWithIdentity    = (*policyResource)(nil)
	_ resource.ResourceWithImportState = (*policyResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*policyResource)(nil)
)

func newPolicyResource() resource.Resource {
	return &policyResource{resourceBase{suffix: policySuffix}}
}

const (
	policySuffix        = "_migration_policy"
	defaultPolicyDelete = 10 * time.Minute
)

type policyResource struct{ resourceBase }

const sourceStep = "Next step: refer to a ccr_registry, or look up the id with the data source ccr_registries."

// ModifyPlan looks at the source registry while there is still nothing done, and
// asks for another update when the last one may have got lost.
func (r *policyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	unsettled, diags := req.Private.GetKey(ctx, unsettledKey)
	resp.Diagnostics.Append(diags...)
	if len(unsettled) > 0 && !req.Plan.Raw.IsNull() && !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("update_time"), types.StringUnknown())...)
	}
	if req.Plan.Raw.IsNull() || req.Plan.Raw.Equal(req.State.Raw) || r.configured == nil {
		return
	}
	var plan policyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || plan.SrcRegistryID.IsUnknown() {
		return
	}
	id, err := client.ParseID(plan.SrcRegistryID.ValueString())
	if err != nil {
		return // the validator has said so
	}
	var before types.String
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("src_registry_id"), &before)...)
	}
	if before.Equal(plan.SrcRegistryID) && !isPattern(plan.nameFilter(ctx)) {
		return // it is in use, so it exists, and there is nothing to warn of
	}
	source, err := r.client.RecentRegistry(ctx, id)
	switch {
	case errors.Is(err, client.ErrNotFound):
		resp.Diagnostics.AddAttributeError(path.Root("src_registry_id"), "Source registry does not exist", fmt.Sprintf(
			"The policy %q is to read from the registry with the id %s, and CCR has none.\n\n%s",
			plan.Name.ValueString(), id, sourceStep))
	case err != nil: // the apply meets it again, if it lasts
	default:
		warnSingleImages(ctx, source, &plan, &resp.Diagnostics)
	}
}

// cceHub is the image hub of Baidu's container engine, which has no catalog.
const cceHub = "hub.baidubce.com"

// warnSingleImages warns of a pattern that the CCE hub cannot answer.
func warnSingleImages(ctx context.Context, source client.Registry, plan *policyModel, diags *diag.Diagnostics) {
	u, err := url.Parse(source.URL)
	name := plan.nameFilter(ctx)
	if err != nil || !strings.EqualFold(u.Hostname(), cceHub) || !isPattern(name) {
		return
	}
	diags.AddAttributeWarning(path.Root("filters"), "The CCE hub migrates single images only", fmt.Sprintf(
		"The name filter %q of the policy %q is a pattern, and its source, the registry %q, is the CCE image hub, which cannot list its images: executions are expected to fail.\n\n"+
			"Next step: declare one policy for each image (for_each).", name, plan.Name.ValueString(), source.Name))
}

func (r *policyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan policyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	in, diags := plan.input(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	id, err := r.client.CreatePolicy(ctx, in)
	if err != nil {
		tried := fmt.Sprintf("Could not create the policy %q", in.Name)
		resp.Diagnostics.Append(r.writeError(ctx, "Creating the policy failed", tried, in, 0, err))
		return
	}
	// The id goes into state before anything else can fail: a policy that
	// nobody knows of would block its name.
	plan.ID = types.StringValue(id.String())
	plan.unsettle()
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, plan.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.readBack(ctx, id, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *policyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state policyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, state.ID)...)
	id := parseStateID(state.ID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	policy, err := r.client.Policy(ctx, id)
	if errors.Is(err, client.ErrNotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	var source client.ID
	if err == nil {
		source, err = r.client.SourceID(ctx, policy)
	}
	if err != nil {
		resp.Diagnostics.Append(apiError("Reading the policy failed", "Could not read "+called("policy", state.Name, id), err))
		return
	}
	state.read(policy, source)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *policyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan policyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	id := parseStateID(plan.ID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	in, diags := plan.input(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.client.UpdatePolicy(ctx, id, in)
	resp.Diagnostics.Append(noteUpdate(ctx, resp.Private, err)...)
	if err != nil {
		tried := triedUpdate("policy", nameBefore(ctx, req, &resp.Diagnostics), plan.Name, id)
		resp.Diagnostics.Append(r.writeError(ctx, "Updating the policy failed", tried, in, id, err))
		return
	}
	resp.Diagnostics.Append(r.readBack(ctx, id, &plan)...)
	plan.unsettle()
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(setIDIdentity(ctx, resp.Identity, plan.ID)...)
}

// readBack fills in what the server decides. It is only a warning when that
// fails: the write is done, and an error would have Terraform do it again.
func (r *policyResource) readBack(ctx context.Context, id client.ID, m *policyModel) (diags diag.Diagnostics) {
	policy, err := r.client.Policy(ctx, id)
	if err != nil {
		diags.AddWarning("Policy was written but could not be read back", errorDetail(fmt.Sprintf(
			"CCR holds the policy %q (id %s) as declared; its other attributes are filled in by the next refresh", m.Name.ValueString(), id), err))
		return diags
	}
	m.settle(policy)
	return diags
}

func (r *policyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state policyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	id := parseStateID(state.ID, &resp.Diagnostics)
	limit, diags := state.Timeouts.Delete(ctx, defaultPolicyDelete)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	tried := fmt.Sprintf("Could not delete the policy %q (id %s)", state.Name.ValueString(), id)
	running, err := r.deleteIdle(ctx, id)
	switch {
	case running:
		resp.Diagnostics.AddError("Policy is still running", errorDetail(tried+fmt.Sprintf(" within %s", limit), err)+
			"\n\nNext step: wait for it, or stop it in the CCR console or with the action ccr_stop_execution, or raise "+longerDelete+". Then run the command again.")
	case err != nil:
		resp.Diagnostics.Append(apiError("Deleting the policy failed", tried, err))
	}
}

// deleteLooks is how often a policy without a running execution may still be
// called busy.
const deleteLooks = 5

// deleteIdle deletes a policy once no execution of it runs, as CCR wants it,
// and reports whether one still runs.
func (r *policyResource) deleteIdle(ctx context.Context, id client.ID) (running bool, err error) {
	for look := range deleteLooks {
		err = r.client.DeletePolicy(ctx, id)
		if !client.InUse(err) {
			return false, err
		}
		if _, err := r.runner.awaitIdle(ctx, id, nil); err != nil {
			return errors.Is(err, errStillGoing), err
		}
		if r.world.sleep(ctx, r.world.poll(look)) != nil {
			break
		}
	}
	return false, err
}

func (r *policyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByIDOrName(ctx, "policy", req, resp, func(ctx context.Context, name string) (client.ID, error) {
		policy, err := r.client.PolicyNamed(ctx, name)
		return policy.ID, err
	})
}

// writeError is the diagnostic of a create or update that failed; own is the id
// of what was updated.
func (r *policyResource) writeError(ctx context.Context, summary, tried string, in client.PolicyInput, own client.ID, err error) diag.Diagnostic {
	if client.Conflict(err) {
		found, lookErr := r.client.PolicyNamed(ctx, in.Name)
		if nameIsFree(found.ID, own, lookErr) {
			return apiError(summary, tried, err)
		}
		return diag.NewAttributeErrorDiagnostic(path.Root("name"), "Policy name is taken", nameTaken(tried, "policy", in.Name, found.ID, own, err))
	}
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
		return apiError(summary, tried, err)
	}
	if r.sourceGone(ctx, in.SrcRegistry.ID) {
		return diag.NewAttributeErrorDiagnostic(path.Root("src_registry_id"), "Source registry does not exist",
			facts(fmt.Sprintf("%s: CCR has no registry with the id %s", tried, in.SrcRegistry.ID), err)+"\n\n"+sourceStep)
	}
	return apiError(summary, tried, err)
}

// sourceGone reports whether CCR has no such registry now; the listing that
// reads share may be from before it went.
func (r *policyResource) sourceGone(ctx context.Context, id client.ID) bool {
	for registry, err := range r.client.EachRegistry(ctx, client.RegistryQuery{}) {
		if err != nil || registry.ID == id {
			return false
		}
	}
	return true
}
