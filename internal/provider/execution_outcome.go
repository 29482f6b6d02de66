package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// keeper is who asked for a run, which decides what the user can do about it.
type keeper struct {
	timeout string // the argument that bounds it
	again   string // how to run it again
	anew    string // how, when the run is kept as it is
	kept    string // what is left of a run whose end was not seen
	// follow is what can be done about that run.
	follow func(e client.Execution) string
	// adopt is what can be done about one that is not even known.
	adopt func(policy client.ID) string
}

// namer names a policy in a message.
type namer func(policy client.ID) string

// namingTime is how long a message waits for a policy's name.
const namingTime = 5 * time.Second

// namer returns how a policy is called in a message: by name and id, or by id
// where CCR cannot be asked, whatever has become of ctx.
func (r *executionRunner) namer(ctx context.Context) namer {
	return func(policy client.ID) string {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), namingTime)
		defer cancel()
		p, err := r.client.RecentPolicy(ctx, policy)
		if err != nil {
			return policy.String()
		}
		return bounded(fmt.Sprintf("%q (id %s)", p.Name, policy))
	}
}

// outcome is how a finished run is judged. It is the one place that decides
// whether a migration worked.
func (k keeper) outcome(e client.Execution, name namer, onFailure, onEmpty string) (diags diag.Diagnostics) {
	add := func(strict bool, summary, detail string) {
		say, again := diags.AddWarning, k.anew
		if strict {
			say, again = diags.AddError, k.again
		}
		say(summary, fmt.Sprintf("%s.%s, then %s.", describeExecution(e, name), detail, again))
	}
	switch phase := e.Phase(); {
	case phase == client.PhaseFailed:
		add(onFailure == policyFail, "Migration failed",
			"\n\nNext step: mend the cause (the source's URL and password are in ccr_registry, the images to migrate in the filters of ccr_migration_policy)")
	case phase == client.PhaseStopped:
		add(onFailure == policyFail, "Migration was stopped",
			" It was stopped by somebody or something else before it was done.\n\nNext step: find out who stopped it")
	case phase != client.PhaseSucceeded:
		diags.AddError("Migration has not finished", describeExecution(e, name)+".")
	case e.Succeed != e.Total:
		add(onFailure == policyFail, "Migration is not complete",
			" CCR calls it done, and its own counts say otherwise.\n\nNext step: look at the execution in the CCR console")
	case e.Total == 0:
		add(onEmpty == policyFail, "Migration matched no image",
			"\n\nNext step: compare the policy's filters with what the source registry holds")
	}
	return diags
}

// describeExecution names an execution and says how far it has come.
func describeExecution(e client.Execution, name namer) string {
	return fmt.Sprintf("Execution %s of policy %s: %s", e.ID, name(e.PolicyID), describeStatus(e))
}

// diagnose is the diagnostic of a run whose end is not known.
func (k keeper) diagnose(policy client.ID, name namer, err error) diag.Diagnostic {
	var (
		nothing *notStartedError
		unseen  *unseenError
		run     *runError
	)
	switch {
	case errors.As(err, &nothing):
		return k.notStarted(policy, name, nothing.err)
	case errors.As(err, &unseen):
		return k.unseen(policy, name, unseen)
	case errors.As(err, &run):
		return k.unfinished(name, run)
	}
	return apiError("Running the policy failed", "Could not run policy "+name(policy), err)
}

func (k keeper) notStarted(policy client.ID, name namer, err error) diag.Diagnostic {
	const summary = "Migration was not started"
	if errors.Is(err, errNoPolicy) {
		return diag.NewAttributeErrorDiagnostic(path.Root("policy_id"), "Policy does not exist", facts(
			fmt.Sprintf("CCR has no policy with the id %s, so nothing was run", policy), err)+
			"\n\nNext step: check policy_id; the data source ccr_policies lists what there is.")
	}
	none := fmt.Sprintf("Policy %s was not run", name(policy))
	switch {
	case errors.Is(err, errDisabled):
		return diag.NewAttributeErrorDiagnostic(path.Root("policy_id"), "Policy is disabled", facts(
			fmt.Sprintf("Policy %s is disabled in CCR, so nothing was run", name(policy)), err)+
			"\n\nNext step: enable the policy in the CCR console, then "+k.again+".")
	case errors.Is(err, errInterrupted):
		return diag.NewErrorDiagnostic(summary, fmt.Sprintf("%s: %s.\n\nNext step: %s.", none, err, k.again))
	case errors.Is(err, errStillGoing):
		return diag.NewErrorDiagnostic(summary, fmt.Sprintf("%s: %s.\n\nNext step: %s when the other run has finished, or raise %s.", none, err, k.again, k.timeout))
	}
	return apiError(summary, none, err)
}

func (k keeper) unseen(policy client.ID, name namer, err *unseenError) diag.Diagnostic {
	none := "no new execution of it is listed"
	if err.look != nil {
		none = "its executions could not be listed"
	}
	summary, what := "Migration has begun and cannot be found", fmt.Sprintf("CCR accepted the start of policy %s, and %s", name(policy), none)
	if err.lost != nil {
		summary, what = "Migration may have begun", fmt.Sprintf(
			"CCR gave no clear answer to the request to start policy %s, and %s, so a run may or may not have begun. The request was sent once and is not repeated", name(policy), none)
	}
	what += "."
	if cause := errors.Join(err.lost, err.look); cause != nil {
		what = facts(strings.TrimSuffix(what, "."), cause)
	}
	return diag.NewErrorDiagnostic(summary, fmt.Sprintf(
		"%s\n\nNext step: look at the policy's executions in the CCR console or with the data source ccr_executions (policy_id = %q). If a new one is there, %s; if not, %s.",
		what, policy, k.adopt(policy), k.again))
}

func (k keeper) unfinished(name namer, run *runError) diag.Diagnostic {
	e, err := run.execution, run.err
	seen := fmt.Sprintf("Execution %s of policy %s, when last seen: %s", e.ID, name(e.PolicyID), describeStatus(e))
	follow := k.follow(e) + "."
	end := func(step string) string { return "\n\n" + k.kept + ".\n\nNext step: " + step }
	switch {
	case errors.Is(err, errVanished):
		return diag.NewErrorDiagnostic("Migration vanished", fmt.Sprintf(
			"%s. Then its record was gone from CCR, so how it ended cannot be told: somebody deleted the policy, or CCR purged its records.\n\nNext step: check that the policy exists, then %s.", seen, k.again))
	case errors.Is(err, errInterrupted):
		return diag.NewErrorDiagnostic("Waiting for the migration was interrupted", seen+"."+end(follow))
	case errors.Is(err, errStillGoing):
		what := seen + ". The time set by " + k.timeout + " was up"
		if run.look != nil {
			what = facts(what+", and CCR could not be asked about it at the end", run.look)
		} else {
			what += "."
		}
		return diag.NewErrorDiagnostic("Migration did not finish in time", what+end(follow+" Raise "+k.timeout+" if runs of this policy take so long."))
	}
	var api *client.Error
	errors.As(err, &api)
	if step := nextStep(err, api); step != "" {
		follow = step + " Then " + follow
	}
	return diag.NewErrorDiagnostic("Waiting for the migration failed", facts(seen+". CCR then refused to say how it goes on", err)+end(follow))
}

// facts is [errorDetail] without the next step, where there is a better one.
func facts(tried string, err error) string {
	detail, _, _ := strings.Cut(errorDetail(tried, err), "\n\nNext step: ")
	return detail
}

// stopFailed is the diagnostic of a stop that did not settle.
func (k keeper) stopFailed(policy, id client.ID, name namer, err error) diag.Diagnostic {
	which := fmt.Sprintf("execution %s of policy %s", id, name(policy))
	var stop *stopError
	if !errors.As(err, &stop) || !errors.Is(err, errStillGoing) && !errors.Is(err, errInterrupted) {
		return apiError("Stopping the execution failed", "Could not stop "+which, err)
	}
	summary, step := "Execution did not stop in time", fmt.Sprintf("%s, or raise %s", k.again, k.timeout)
	if errors.Is(err, errInterrupted) {
		summary, step = "Stopping the execution was interrupted", k.again
	}
	what := "CCR was asked to stop " + which
	switch {
	case !stop.asked:
		what = "CCR was not yet asked to stop " + which
	case stop.lost != nil:
		what += ", and the answer was lost"
	}
	if stop.execution.ID != 0 {
		what += ". When last seen it was still going (" + describeStatus(stop.execution) + ")"
	}
	what += "."
	if stop.lost != nil {
		what = facts(strings.TrimSuffix(what, "."), stop.lost)
	}
	return diag.NewErrorDiagnostic(summary, what+"\n\nNext step: "+step+".")
}
