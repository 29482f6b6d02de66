package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

func (r *registryResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A source registry that CCR may copy images from: a CCE image hub, a Harbor or any other Docker registry. Everything about it is updated in place; every update sends the whole registry, secret included.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id that CCR gave the registry. Never changes.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseNonNullStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the registry, unique in the account. A change renames it in place.",
				Required:            true,
				Validators:          []validator.String{nameValidator()},
			},
			"type": schema.StringAttribute{
				MarkdownDescription: "Kind of registry, one of " + quotedList(client.RegistryTypes) + "; a CCE image hub is a `docker-registry`. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{oneOfValidator(client.RegistryTypes)},
			},
			"url": schema.StringAttribute{
				MarkdownDescription: "URL of the registry, with `http://` or `https://`; the CCE image hub is `http://hub.baidubce.com`. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{registryURLValidator()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Free text. A change is made in place; without it CCR holds an empty one.",
				Optional:            true,
				Validators:          []validator.String{textValidator()},
			},
			"insecure": schema.BoolAttribute{
				MarkdownDescription: "Passed to CCR as it is. CCR's document says that `true` verifies the registry's TLS certificate and `false` does not; the software that CCR is evidently built on does the opposite. Try both against a registry with a private certificate before relying on either. Default: `false`. A change is made in place.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"credential": credentialSchema(),
			"require_healthy": schema.BoolAttribute{
				MarkdownDescription: "Whether CCR must reach the registry after a create or an update. When it does not, the apply fails; a registry that this apply created is removed again. Default: `false`. Setting it to `true` asks CCR at once.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "What CCR last found when it checked the registry: `healthy` or `normal`, `unhealthy` or `abnormal`; null until it was checked.",
				Computed:            true,
			},
			"creation_time": schema.StringAttribute{
				MarkdownDescription: "When the registry was created, RFC 3339 in UTC.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseNonNullStateForUnknown()},
			},
			"update_time": schema.StringAttribute{
				MarkdownDescription: "When the registry was last changed, RFC 3339 in UTC.",
				Computed:            true,
			},
		},
	}
}

func credentialSchema() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "How CCR logs in to the registry. Exactly one of `access_secret` and `access_secret_wo` holds the password; moving from one to the other is an update in place.",
		Required:            true,
		Validators:          []validator.Object{passwordValidator{}},
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				MarkdownDescription: "Kind of credential: only " + quotedList(client.CredentialTypes) + " for now, which is the default: user name and password.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(client.CredentialTypes[0]),
				Validators:          []validator.String{oneOfValidator(client.CredentialTypes)},
			},
			"access_key": schema.StringAttribute{
				MarkdownDescription: "User name. CCR hides it, so a change made outside Terraform is not seen. A change is made in place.",
				Required:            true,
				Validators:          []validator.String{notEmptyValidator(), textValidator()},
			},
			"access_secret": schema.StringAttribute{
				MarkdownDescription: "Password. It is kept in the state: prefer `access_secret_wo`, which is not. CCR never returns it, so a change made outside Terraform is not seen. A change is made in place.",
				Optional:            true,
				Sensitive:           true,
				Validators: []validator.String{
					notEmptyValidator(),
					stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("credential").AtName("access_secret_wo")),
				},
			},
			"access_secret_wo": schema.StringAttribute{
				MarkdownDescription: "Password, write-only: it is sent to CCR and kept in no plan and no state (Terraform 1.11 or OpenTofu 1.11 and newer). Increase `access_secret_wo_version` whenever it changes.",
				Optional:            true,
				Sensitive:           true,
				WriteOnly:           true,
				Validators:          []validator.String{notEmptyValidator()},
			},
			"access_secret_wo_version": schema.Int64Attribute{
				MarkdownDescription: "Version of `access_secret_wo`, any number; required with it. Terraform cannot see a write-only value change; a change of this number sends it.",
				Optional:            true,
			},
		},
	}
}

// passwordValidator wants the password in exactly one of its two forms.
type passwordValidator struct{}

func (v passwordValidator) Description(context.Context) string {
	return "must have exactly one of access_secret and access_secret_wo, and access_secret_wo_version with the latter"
}

func (v passwordValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v passwordValidator) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	attributes := req.ConfigValue.Attributes()
	// What is not known yet may turn out null.
	if attributes["access_secret"].IsUnknown() || attributes["access_secret_wo"].IsUnknown() {
		return
	}
	set := func(name string) bool { return !attributes[name].IsNull() }
	plain, writeOnly, version := set("access_secret"), set("access_secret_wo"), set("access_secret_wo_version")
	// The CLI shows the line of an attribute, and none of one inside it.
	switch {
	case plain && writeOnly:
		resp.Diagnostics.AddAttributeError(req.Path, "Two passwords",
			"The credential has both access_secret and access_secret_wo; CCR takes one password.\n\nNext step: keep access_secret_wo, which is not stored in the state, and remove access_secret.")
	case !plain && !writeOnly:
		resp.Diagnostics.AddAttributeError(req.Path, "Missing password",
			"The credential has neither access_secret_wo nor access_secret. CCR takes a registry only as a whole, so every create and update needs the password.\n\n"+
				"Next step: set access_secret_wo and access_secret_wo_version (Terraform or OpenTofu 1.11 and newer), or access_secret, which is kept in the state.")
	case writeOnly && !version:
		resp.Diagnostics.AddAttributeError(req.Path, "Missing password version",
			"Terraform cannot see a write-only password change; it sends it again when access_secret_wo_version changes.\n\nNext step: set access_secret_wo_version = 1, and increase it whenever the password changes.")
	case plain && version:
		resp.Diagnostics.AddAttributeError(req.Path, "Password version without its password",
			"access_secret_wo_version belongs to access_secret_wo, which is not set: a change of access_secret is seen without it.\n\nNext step: remove it, or move the password to access_secret_wo.")
	}
}
