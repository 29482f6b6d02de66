package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
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

// called is how a message names an object: its name is not known while it is
// imported.
func called(noun string, name types.String, id client.ID) string {
	if name.IsNull() {
		return fmt.Sprintf("the %s with the id %s", noun, id)
	}
	return fmt.Sprintf("the %s %q (id %s)", noun, name.ValueString(), id)
}

// nameBefore is the name of what an update is about.
func nameBefore(ctx context.Context, req resource.UpdateRequest, diags *diag.Diagnostics) (name types.String) {
	diags.Append(req.State.GetAttribute(ctx, path.Root("name"), &name)...)
	return name
}

// triedUpdate says what an update that failed was about.
func triedUpdate(noun string, before, after types.String, id client.ID) string {
	if before.IsNull() || before.Equal(after) {
		return fmt.Sprintf("Could not update the %s %q (id %s)", noun, after.ValueString(), id)
	}
	return fmt.Sprintf("Could not update the %s %q (id %s), which is to be named %q", noun, before.ValueString(), id, after.ValueString())
}

// parseIDArgument reads an id that the user wrote, or that was not known when
// the configuration was validated.
func parseIDArgument(name string, id types.String, diags *diag.Diagnostics) client.ID {
	parsed, err := client.ParseID(id.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root(name), "Invalid value", fmt.Sprintf("%s: %s.", name, err))
	}
	return parsed
}
