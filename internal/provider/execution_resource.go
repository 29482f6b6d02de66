package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var (
	_ resource.ResourceWithConfigure   = (*executionResource)(nil)
	_ resource.ResourceWithIdentity    = (*executionResource)(nil)
	_ resource.ResourceWithImportState = (*executionResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*executionResource)(nil)
)

func newExecutionResource() resource.Resource {
	return &executionResource{resourceBase{suffix: executionSuffix}}
}

const (
	executionSuffix        = "_policy_execution"
	defaultExecutionCreate = 60 * time.Minute
	defaultExecutionDelete = 10 * time.Minute
)

// Marks in private state.
const (
	// importedKey marks a record that was imported and not yet applied.
	importedKey = "imported"
	// acceptedKey marks a run that had ended when it was imported: whoever
	// imports such a record wants it, whatever it says.
	acceptedKey = "accepted"
)

type executionResource struct{ resourceBase }

// executionKeeper says what becomes of a run that the state remembers.
var executionKeeper = keeper{
	timeout: "timeouts.create",
	again:   "apply again",
	anew:    "apply with -replace to run the policy again",
	kept:    "It may go on in CCR; its id is kept in the state",
	follow: func(client.Execution) string {
		return "apply again, which stops this run if it still goes on and runs the policy again. To keep this run instead, run `terraform untaint` on the resource first; the next apply then waits for it"
	},
	adopt: func(policy client.ID) string { return fmt.Sprintf("import it as %s/<execution id>", policy) },
}

// resumeKeeper says what becomes of a run that an earlier apply left, and that
// no taint marks.
var resumeKeeper = keeper{
	timeout: executionKeeper.timeout,
	again:   executionKeeper.again,
	kept:    executionKeeper.kept,
	follow:  func(client.Execution) string { return "apply again, which goes on waiting for it" },
}

// longerDelete is the argument that bounds a delete, as a person can raise it.
const longerDelete = "timeouts.delete (a destroy takes it from the state, so apply it first)"

var deleteKeeper = keeper{timeout: longerDelete, again: "run the command again"}

// ModifyPlan has a run waited for that still goes on, and the policy run again
// when its run is what the settings planned call a failure.
func (r *executionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() || r.configured == nil {
		return
	}
	accepted, diags := req.Private.GetKey(ctx, acceptedKey)
	resp.Diagnostics.Append(diags...)
	var state, plan executionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || accepted != nil {
		return
	}
	e := state.execution()
	if !e.Finished() {
		if plan.WaitForCompletion.IsUnknown() || plan.WaitForCompletion.ValueBool() {
			plan.forgetResult()
			resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
		}
		return
	}
	judged := executionKeeper.outcome(e, client.ID.String, strictUnlessKnown(plan.OnFailure), strictUnlessKnown(plan.OnEmpty))
	if !judged.HasError() {
		return
	}
	resp.Diagnostics.AddWarning(judged[0].Summary()+", and will be run again", describeExecution(e, r.runner.namer(ctx))+".")
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), types.StringUnknown())...)
	resp.RequiresReplace.Append(path.Root("id"))
}

// strictUnlessKnown is a setting of a plan: the apply plans again once it knows
// more, and cannot decide for a replacement any more.
func strictUnlessKnown(setting types.String) string {
	if setting.IsUnknown() {
		return policyFail
	}
	return setting.ValueString()
}

func (r *executionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan executionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	policy := parseIDArgument("policy_id", plan.PolicyID, &resp.Diagnostics)
	limit, diags := plan.Timeouts.Create(ctx, defaultExecutionCreate)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	save := func(e client.Execution) error {
		plan.read(e)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(r.setIdentity(ctx, resp.Identity, &plan)...)
		if resp.Diagnostics.HasError() {
			return errors.New("the execution could not be written to the state")
		}
		return nil
	}
	wait := plan.WaitForCompletion.ValueBool()
	// The id is saved as soon as it is known: however the wait ends, the state
	// has it.
	e, err := r.runner.run(ctx, run{policy: policy, wait: wait, started: save})
	if err != nil {
		resp.Diagnostics.Append(executionKeeper.diagnose(policy, r.runner.namer(ctx), err))
		return
	}
	_ = save(e) // its diagnostics are in resp
	if wait || e.Finished() {
		resp.Diagnostics.Append(executionKeeper.outcome(e, r.runner.namer(ctx), plan.OnFailure.ValueString(), plan.OnEmpty.ValueString())...)
	}
}

func (r *executionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state executionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.setIdentity(ctx, resp.Identity, &state)...)
	policy, id := parseStateID(state.PolicyID, &resp.Diagnostics), parseStateID(state.ID, &resp.Diagnostics)
	// A finished run does not change, and CCR may have purged its record: that
	// must not look like a run that is still to be made.
	if resp.Diagnostics.HasError() || state.finished() {
		return
	}
	imported := state.Status.IsNull()
	e, err := r.runner.look(ctx, policy, id)
	if errors.Is(err, client.ErrNotFound) {
		if imported {
			resp.State.RemoveResource(ctx) // there is no such execution
			return
		}
		resp.Diagnostics.AddWarning("Execution is gone before its end was seen", fmt.Sprintf(
			"Execution %s of policy %s was under way when last seen, and CCR no longer has its record, so how it ended cannot be told. The plan runs the policy again.", id, r.runner.namer(ctx)(policy)))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(apiError("Reading the execution failed", fmt.Sprintf("Could not read execution %s of policy %s", id, r.runner.namer(ctx)(policy)), err))
		return
	}
	switch name := r.runner.namer(ctx); {
	case !e.Finished():
	case imported:
		resp.Diagnostics.Append(executionKeeper.outcome(e, name, policyContinue, policyContinue)...)
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, acceptedKey, []byte(`true`))...)
	default: // no error, or the plan could not have the policy run again
		for _, d := range executionKeeper.outcome(e, name, state.OnFailure.ValueString(), state.OnEmpty.ValueString()) {
			resp.Diagnostics.AddWarning(d.Summary(), d.Detail())
		}
	}
	state.read(e)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update takes over settings of the wait, and waits for a run that an earlier
// apply left: one that was interrupted, or that did not wait.
func (r *executionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan executionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, diags := plan.Timeouts.Create(ctx, defaultExecutionCreate)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.WaitForCompletion.ValueBool() && !state.finished() {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		e, err := r.runner.await(ctx, state.execution(), nil)
		if err != nil {
			resp.Diagnostics.Append(resumeKeeper.diagnose(e.PolicyID, r.runner.namer(ctx), err))
			return
		}
		plan.takeResult(e)
		resp.Diagnostics.Append(executionKeeper.outcome(e, r.runner.namer(ctx), plan.OnFailure.ValueString(), plan.OnEmpty.ValueString())...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(r.setIdentity(ctx, resp.Identity, &plan)...)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, importedKey, nil)...)
}

func (r *executionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state executionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	policy, id := parseStateID(state.PolicyID, &resp.Diagnostics), parseStateID(state.ID, &resp.Diagnostics)
	limit, diags := state.Timeouts.Delete(ctx, defaultExecutionDelete)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || state.finished() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if _, err := r.runner.stop(ctx, policy, id, nil); err != nil && !errors.Is(err, errVanished) {
		resp.Diagnostics.Append(deleteKeeper.stopFailed(policy, id, r.runner.namer(ctx), err))
	}
}

func (r *executionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	text := req.ID
	if text == "" {
		text = identityAttribute(ctx, req, resp, "policy_id") + "/" + identityAttribute(ctx, req, resp, "id")
	}
	policyText, idText, found := strings.Cut(text, "/")
	policy, policyErr := client.ParseID(policyText)
	id, idErr := client.ParseID(idText)
	if !found || policyErr != nil || idErr != nil {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"%q is not <policy id>/<execution id>, two positive whole numbers.\n\nNext step: write `terraform import ccr_policy_execution.<label> 3/17`; the data source ccr_executions lists a policy's executions.", text))
		return
	}
	state := executionModel{
		PolicyID:          types.StringValue(policy.String()),
		ID:                types.StringValue(id.String()),
		WaitForCompletion: types.BoolValue(true),
		OnFailure:         types.StringValue(policyFail),
		OnEmpty:           types.StringValue(policyContinue),
		Triggers:          types.MapNull(types.StringType),
		Timeouts:          nullTimeouts(),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	resp.Diagnostics.Append(r.setIdentity(ctx, resp.Identity, &state)...)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, importedKey, []byte(`true`))...)
}

func (r *executionResource) setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, m *executionModel) (diags diag.Diagnostics) {
	diags.Append(identity.SetAttribute(ctx, path.Root("policy_id"), m.PolicyID)...)
	diags.Append(identity.SetAttribute(ctx, path.Root("id"), m.ID)...)
	return diags
}

func nullTimeouts() timeouts.Value {
	return timeouts.Value{Object: types.ObjectNull(timeoutTypes)}
}
