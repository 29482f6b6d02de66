package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// idIdentitySchema is the identity of an object that its id names.
func idIdentitySchema(noun string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{
			Description:       "Id that CCR gave the " + noun + ".",
			RequiredForImport: true,
		},
	}}
}

// setIDIdentity sets that identity.
func setIDIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, id types.String) diag.Diagnostics {
	return identity.SetAttribute(ctx, path.Root("id"), id)
}

// parseStateID reads an id that this provider wrote.
func parseStateID(id types.String, diags *diag.Diagnostics) client.ID {
	parsed, err := client.ParseID(id.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("id"), "Invalid id in state", err.Error()+".\n\nNext step: remove the resource from the state and import it again.")
	}
	return parsed
}
