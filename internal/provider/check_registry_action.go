package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

var _ action.ActionWithConfigure = (*checkRegistryAction)(nil)

func newCheckRegistryAction() action.Action {
	return &checkRegistryAction{actionBase{suffix: "_check_registry"}}
}

type checkRegistryAction struct{ actionBase }

type checkRegistryModel struct {
	RegistryID types.String         `tfsdk:"registry_id"`
	Registry   *inlineRegistryModel `tfsdk:"registry"`
}

type inlineRegistryModel struct {
	Name         types.String `tfsdk:"name"`
	Type         types.String `tfsdk:"type"`
	URL          types.String `tfsdk:"url"`
	Insecure     types.Bool   `tfsdk:"insecure"`
	AccessKey    types.String `tfsdk:"access_key"`
	AccessSecret types.String `tfsdk:"access_secret"`
}

func (a *checkRegistryAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Asks CCR whether it can reach a registry; when not, the action fails. Either a registry that exists, by `registry_id`, or one that does not, by `registry`.",
		Attributes: map[string]schema.Attribute{
			"registry_id": schema.StringAttribute{
				MarkdownDescription: "Id of a registry that exists. Exactly one of `registry_id` and `registry`.",
				Optional:            true,
				Validators: []validator.String{
					idValidator(),
					stringvalidator.ExactlyOneOf(path.MatchRoot("registry_id"), path.MatchRoot("registry")),
				},
			},
			"registry": schema.SingleNestedAttribute{
				MarkdownDescription: "A registry that does not exist in CCR. CCR documents the same request for this check and for creating the registry: should it create one, the action deletes it at once and fails.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"name": schema.StringAttribute{
						MarkdownDescription: "A name that no registry has.",
						Required:            true,
						Validators:          []validator.String{nameValidator()},
					},
					"type": schema.StringAttribute{
						MarkdownDescription: "Kind of registry, one of " + quotedList(client.RegistryTypes) + ".",
						Required:            true,
						Validators:          []validator.String{oneOfValidator(client.RegistryTypes)},
					},
					"url": schema.StringAttribute{
						MarkdownDescription: "URL of the registry, with `http://` or `https://`.",
						Required:            true,
						Validators:          []validator.String{registryURLValidator()},
					},
					"insecure": schema.BoolAttribute{
						MarkdownDescription: "Passed to CCR as it is; see `insecure` of `ccr_registry`. Default: `false`.",
						Optional:            true,
					},
					"access_key": schema.StringAttribute{
						MarkdownDescription: "User name.",
						Required:            true,
						Validators:          []validator.String{notEmptyValidator(), textValidator()},
					},
					"access_secret": schema.StringAttribute{
						MarkdownDescription: "Password, as a sensitive value. No state keeps it, but a saved plan does: an action cannot take ephemeral values.",
						Required:            true,
						Validators:          []validator.String{notEmptyValidator()},
					},
				},
			},
		},
	}
}

func (a *checkRegistryAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config checkRegistryModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var message string
	if config.Registry == nil {
		message = a.checkExisting(ctx, config.RegistryID, &resp.Diagnostics)
	} else {
		message = a.checkInline(ctx, config.Registry, &resp.Diagnostics)
	}
	if !resp.Diagnostics.HasError() {
		resp.SendProgress(action.InvokeProgressEvent{Message: message})
	}
}

func (a *checkRegistryAction) checkExisting(ctx context.Context, idText types.String, diags *diag.Diagnostics) string {
	id := parseIDArgument("registry_id", idText, diags)
	if diags.HasError() {
		return ""
	}
	registry, err := a.client.Registry(ctx, id)
	var healthy bool
	if err == nil {
		healthy, err = a.client.CheckRegistry(ctx, id)
	}
	switch {
	case errors.Is(err, client.ErrNotFound):
		diags.AddAttributeError(path.Root("registry_id"), "Registry does not exist", fmt.Sprintf("CCR has no registry with the id %s.\n\nNext step: the data source ccr_registries lists what there is.", id))
	case err != nil:
		diags.Append(apiError("Checking the registry failed", fmt.Sprintf("Could not ask CCR whether it reaches the registry with the id %s", id), err))
	case !healthy:
		diags.AddError("Registry is not healthy", unhealthyDetail(fmt.Sprintf("CCR could not use the registry %q (id %s)", registry.Name, id), registry.URL, "the credential it holds"))
	}
	return fmt.Sprintf("Registry %q (id %s) is healthy", registry.Name, id)
}

func (a *checkRegistryAction) checkInline(ctx context.Context, m *inlineRegistryModel, diags *diag.Diagnostics) string {
	name := m.Name.ValueString()
	// Deleting what the check created must never hit what was there before.
	existing, err := a.client.RegistriesNamed(ctx, name)
	if err != nil {
		diags.Append(apiError("Checking the registry failed", fmt.Sprintf("Could not look whether a registry is named %q; nothing was checked", name), err))
		return ""
	}
	if len(existing) > 0 {
		diags.AddError("Registry exists", fmt.Sprintf("The registry %q exists and has the id %s.\n\nNext step: check it with registry_id = %q.", name, existing[0].ID, existing[0].ID))
		return ""
	}
	healthy, err := a.client.CheckNewRegistry(ctx, client.RegistryInput{
		Type: m.Type.ValueString(), Name: name, URL: m.URL.ValueString(), Insecure: m.Insecure.ValueBool(),
		Credential: client.Credential{Type: client.CredentialTypes[0], AccessKey: m.AccessKey.ValueString(), AccessSecret: m.AccessSecret.ValueString()},
	})
	var created *client.CreatedByCheckError
	switch {
	case errors.As(err, &created):
		a.undo(ctx, created, diags)
	case client.Ambiguous(err):
		diags.AddError("Checking the registry may have created it", facts(fmt.Sprintf(
			"The answer to the check of the registry %q was lost. CCR documents the same request for creating a registry, so it may have created this one", name), err)+
			fmt.Sprintf("\n\nNext step: look for a registry named %q in the CCR console or with the data source ccr_registries, and delete it if it is there; nothing here remembers it.", name))
	case err != nil:
		diags.Append(apiError("Checking the registry failed", fmt.Sprintf("Could not ask CCR whether it reaches the registry %q at %s", name, m.URL.ValueString()), err))
	case !healthy:
		diags.AddError("Registry is not healthy", unhealthyDetail(fmt.Sprintf("CCR could not use the registry %q", name), m.URL.ValueString(), loginOf(m.AccessKey)))
	}
	return fmt.Sprintf("Registry %q at %s is healthy", name, m.URL.ValueString())
}

// undo deletes what a check created, also when the user has interrupted it.
func (a *checkRegistryAction) undo(ctx context.Context, created *client.CreatedByCheckError, diags *diag.Diagnostics) {
	what := fmt.Sprintf("CCR took the check of the registry %q for a request to create it, and created it with the id %s", created.Name, created.ID)
	if err := a.client.DeleteRegistry(context.WithoutCancel(ctx), created.ID); err != nil {
		diags.AddError("Checking created a registry that could not be deleted", facts(what+". Deleting it again failed", err)+fmt.Sprintf(
			"\n\nNext step: delete the registry %q (id %s) in the CCR console; it holds the password that was to be checked.", created.Name, created.ID))
		return
	}
	diags.AddError("CCR cannot check a registry that does not exist", what+
		". It was deleted at once, and nothing was checked.\n\nNext step: declare it as a ccr_registry with require_healthy = true: that creates it, checks it, and removes it again when it is not healthy.")
}
