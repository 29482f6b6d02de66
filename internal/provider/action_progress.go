package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// progressEvery is the shortest time between two progress messages.
const progressEvery = 3 * time.Second

// reportProgress returns a function that tells the user how far an execution
// has come: when its counts changed, and not too often. How it ended is told by
// the message that ends the action. The prefix has a %s for the execution's id.
func reportProgress(w world, send func(action.InvokeProgressEvent), prefix string) func(client.Execution) {
	var (
		told string
		last time.Time
	)
	return func(e client.Execution) {
		if e.Finished() {
			return
		}
		counts := describeCounts(e)
		if e.Total == 0 {
			counts = "looking for images"
		}
		text := fmt.Sprintf(prefix, e.ID) + counts
		now := w.now()
		if text == told || (!last.IsZero() && now.Sub(last) < progressEvery) {
			return
		}
		told, last = text, now
		send(action.InvokeProgressEvent{Message: text})
	}
}

// withTimeout bounds an action by its timeout argument.
func withTimeout(ctx context.Context, timeout types.String, fallback time.Duration, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	limit := fallback
	if !timeout.IsNull() {
		var err error
		if limit, err = parsePositiveDuration(timeout.ValueString()); err != nil {
			diags.AddAttributeError(path.Root("timeout"), "Invalid value", "timeout: "+err.Error()+".")
		}
	}
	return context.WithTimeout(ctx, limit)
}
