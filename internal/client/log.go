package client

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// logLayer writes what was sent and what came, never headers, and bodies only
// of calls that hold no secret.
func logLayer(next handler, now func() time.Time) handler {
	return func(ctx context.Context, c *call) (*answer, error) {
		fields := map[string]any{"operation": c.operation, "method": c.method, "path": c.path}
		for _, q := range c.query {
			fields["query_"+q.Name] = q.Value
		}
		if len(c.body) > 0 && !c.sensitive {
			tflog.Trace(ctx, "CCR request body", map[string]any{"operation": c.operation, "body": string(c.body)})
		}
		began := now()
		a, err := next(ctx, c)
		fields["duration_ms"] = now().Sub(began).Milliseconds()
		if err != nil {
			fields["error"] = c.redact(err.Error())
			tflog.Debug(ctx, "CCR request without an answer", fields)
			return a, err
		}
		fields["status"], fields["request_id"] = a.status, c.redact(a.requestID())
		tflog.Debug(ctx, "CCR request", fields)
		if !c.sensitive {
			tflog.Trace(ctx, "CCR answer body", map[string]any{"operation": c.operation, "body": c.redact(string(a.body))})
		}
		return a, nil
	}
}
