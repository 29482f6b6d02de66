package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// outcome is how a run that was waited for is judged. It is the one place that
// decides whether a migration worked.
func outcome(e client.Execution, onFailure, onEmpty string) (diags diag.Diagnostics) {
	add := func(strict bool, summary, detail string) {
		if strict {
			diags.AddError(summary, detail)
		} else {
			diags.AddWarning(summary, detail)
		}
	}
	what := fmt.Sprintf("Execution %s of policy %s: %s.", e.ID, e.PolicyID, describeStatus(e))
	switch phase := e.Phase(); {
	case phase == client.PhaseFailed:
		add(onFailure == policyFail, "Migration failed", what+
			"\n\nNext step: mend the cause (the source's password and URL are in ccr_registry, the images in the filters of ccr_migration_policy) and run it again.")
	case phase == client.PhaseStopped:
		add(onFailure == policyFail, "Migration was stopped", what+
			" Somebody or something else stopped it before it was done.\n\nNext step: run it again when the reason is gone.")
	case phase != client.PhaseSucceeded:
		add(true, "Migration has not finished", what)
	case e.Total == 0:
		add(onEmpty == policyFail, "Migration matched no image", what+
			"\n\nNext step: compare the policy's filters with what the source registry holds.")
	case e.Succeed < e.Total:
		add(onFailure == policyFail, "Migration is not complete", what+
			fmt.Sprintf(" CCR calls it done, and %d of its %d images are not accounted for.", e.Total-e.Succeed, e.Total)+
			"\n\nNext step: look at the execution in the CCR console and run it again.")
	}
	return diags
}

// runDiagnostic is the diagnostic of a run whose end is not known.
func runDiagnostic(policy client.ID, err error) diag.Diagnostic {
	tried := fmt.Sprintf("Could not run the policy with the id %s", policy)
	var run *runError
	if !errors.As(err, &run) {
		summary, step := "Running the policy failed", ""
		if errors.Is(err, errStillGoing) || errors.Is(err, errInterrupted) {
			step = "\n\nNext step: apply again when the other execution has finished, or raise the timeout."
		}
		return diag.NewErrorDiagnostic(summary, errorDetail(tried, err)+step)
	}
	e := run.execution
	state := fmt.Sprintf("Execution %s of policy %s, when last seen: %s", e.ID, e.PolicyID, describeStatus(e))
	switch {
	case errors.Is(err, errInterrupted):
		return diag.NewErrorDiagnostic("Waiting for the migration was interrupted", state+
			".\n\nIt goes on in CCR, and its id is kept.\n\nNext step: the next apply stops it and runs the policy again. To keep this run instead, run `terraform untaint` on the resource first: the next plan then reads how it ended.")
	case errors.Is(err, errStillGoing):
		return diag.NewErrorDiagnostic("Migration did not finish in time", state+
			".\n\nIt goes on in CCR, and its id is kept.\n\nNext step: raise the timeout (timeouts.create). The next apply stops this run and starts another; to keep it instead, run `terraform untaint` on the resource first.")
	case errors.Is(err, errVanished):
		return diag.NewErrorDiagnostic("Migration vanished", state+
			".\n\nThen "+errVanished.Error()+": the policy may have been deleted, or its records purged.\n\nNext step: check that the policy exists and apply again.")
	}
	return diag.NewErrorDiagnostic("Waiting for the migration failed", errorDetail(state, run.err)+
		"\n\nThe execution may go on in CCR, and its id is kept.")
}

// stopDiagnostic is the diagnostic of a stop that did not settle.
func stopDiagnostic(policy, id client.ID, e client.Execution, err error) diag.Diagnostic {
	tried := fmt.Sprintf("Could not stop execution %s of policy %s", id, policy)
	switch {
	case errors.Is(err, errStillGoing):
		return diag.NewErrorDiagnostic("Execution did not stop in time", tried+fmt.Sprintf(
			". CCR was asked to stop it, and when last seen it was still going: %s.\n\nNext step: raise the timeout and apply again.", describeStatus(e)))
	case errors.Is(err, errInterrupted):
		return diag.NewErrorDiagnostic("Waiting for the execution to stop was interrupted", tried+fmt.Sprintf(
			". CCR was asked to stop it, and when last seen it was still going: %s.\n\nNext step: apply again.", describeStatus(e)))
	}
	return apiError("Stopping the execution failed", tried, err)
}
