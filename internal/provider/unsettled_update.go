package provider

import (
	"context"
	"errors"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// unsettledKey marks, in private state, an object that CCR may hold as an
// update which failed sent it. The next plan updates it again whatever is
// declared by then: a secret or a filter that was taken back would not show.
const unsettledKey = "unsettled"

// privateState is what an answer has of it.
type privateState interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}

// noteUpdate removes the mark after an update, or sets it when it is not known
// what became of it.
func noteUpdate(ctx context.Context, private privateState, err error) diag.Diagnostics {
	switch {
	case err == nil:
		return private.SetKey(ctx, unsettledKey, nil)
	case mayHaveUpdated(err):
		return private.SetKey(ctx, unsettledKey, []byte(`true`))
	}
	return nil
}

// mayHaveUpdated reports whether CCR may hold what an update sent that failed
// with err. The error is that of the last attempt; only a refusal of what was
// sent speaks for those before it, too.
func mayHaveUpdated(err error) bool {
	var api *client.Error
	if !errors.As(err, &api) {
		return false // nothing was sent
	}
	switch api.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed:
		return false
	}
	return true
}
