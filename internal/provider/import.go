package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// importByIDOrName sets the id that an import names: as an id, as name=… or by
// identity. Whether an id exists is for the Read that follows to say.
func importByIDOrName(ctx context.Context, noun string, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
	named func(context.Context, string) (client.ID, error),
) {
	text := req.ID
	if text == "" {
		text = identityAttribute(ctx, req, resp, "id")
	}
	id, err := client.ParseID(text)
	if name, ok := strings.CutPrefix(req.ID, "name="); ok {
		id, err = named(ctx, name)
		if err != nil {
			resp.Diagnostics.Append(nameLookupError("Importing by name failed", noun, name, err))
			return
		}
	}
	if err != nil && req.ID == "" && text != "" {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The identity's id %q is not the id of a %s, a positive whole number.\n\n"+
				"Next step: correct it. To import by name, write id = \"name=<its name>\" in the import block instead of an identity.", text, noun))
		return
	}
	if err != nil {
		kind := resourceTypes[noun]
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"%q is neither the id of a %s, a positive whole number, nor name=<its name>.\n\n"+
				"Next step: write `terraform import %s.<label> 17` or `terraform import %s.<label> 'name=example'`.",
			text, noun, kind, kind))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id.String())...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), id.String())...)
}

// identityAttribute reads one attribute of the identity an import block gave.
func identityAttribute(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse, name string) string {
	var value types.String
	if req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(name), &value)...)
	}
	return value.ValueString()
}

// nameLookupError is the diagnostic of a name that none or several have.
func nameLookupError(summary, noun, name string, err error) diag.Diagnostic {
	var several *client.AmbiguousNameError
	switch {
	case errors.Is(err, client.ErrNotFound):
		return diag.NewErrorDiagnostic(summary, fmt.Sprintf(
			"No %s is named %q; names are compared exactly, case included.\n\nNext step: check the name, and that the provider's keys belong to the account that holds it.", noun, name))
	case errors.As(err, &several):
		ids := make([]string, len(several.IDs))
		for i, id := range several.IDs {
			ids[i] = id.String()
		}
		return diag.NewErrorDiagnostic(summary, fmt.Sprintf(
			"%d have the name %q, with the ids %s.\n\nNext step: use one of these ids instead of the name.", len(ids), name, strings.Join(ids, ", ")))
	}
	return apiError(summary, fmt.Sprintf("Could not look for the %s named %q", noun, name), err)
}
