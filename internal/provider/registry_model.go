package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// registryModel is the ccr_registry resource.
type registryModel struct {
	ID             types.String     `tfsdk:"id"`
	Name           types.String     `tfsdk:"name"`
	Type           types.String     `tfsdk:"type"`
	URL            types.String     `tfsdk:"url"`
	Description    types.String     `tfsdk:"description"`
	Insecure       types.Bool       `tfsdk:"insecure"`
	Credential     *credentialModel `tfsdk:"credential"`
	RequireHealthy types.Bool       `tfsdk:"require_healthy"`
	Status         types.String     `tfsdk:"status"`
	CreationTime   types.String     `tfsdk:"creation_time"`
	UpdateTime     types.String     `tfsdk:"update_time"`
}

type credentialModel struct {
	Type                  types.String `tfsdk:"type"`
	AccessKey             types.String `tfsdk:"access_key"`
	AccessSecret          types.String `tfsdk:"access_secret"`
	AccessSecretWO        types.String `tfsdk:"access_secret_wo"`
	AccessSecretWOVersion types.Int64  `tfsdk:"access_secret_wo_version"`
}

// input is the whole registry as the API takes it. The write-only secret is
// not in a plan, so it comes from the configuration.
func (m *registryModel) input(configured *credentialModel) client.RegistryInput {
	secret := m.Credential.AccessSecret.ValueString()
	if configured != nil && !configured.AccessSecretWO.IsNull() {
		secret = configured.AccessSecretWO.ValueString()
	}
	return client.RegistryInput{
		Type:        m.Type.ValueString(),
		Name:        m.Name.ValueString(),
		Description: m.Description.ValueString(),
		URL:         m.URL.ValueString(),
		Insecure:    m.Insecure.ValueBool(),
		Credential: client.Credential{
			Type:         m.Credential.Type.ValueString(),
			AccessKey:    m.Credential.AccessKey.ValueString(),
			AccessSecret: secret,
		},
	}
}

// read takes over what the API lists. Secrets and what is masked stay as they
// are; after an import they are unset.
func (m *registryModel) read(r client.Registry) {
	m.ID = types.StringValue(r.ID.String())
	m.Name = types.StringValue(r.Name)
	m.Type = types.StringValue(r.Type)
	if !sameURL(m.URL.ValueString(), r.URL) {
		m.URL = types.StringValue(r.URL)
	}
	m.Description = optionalText(m.Description, r.Description)
	m.Insecure = types.BoolValue(r.Insecure)
	if m.RequireHealthy.IsNull() {
		m.RequireHealthy = types.BoolValue(false)
	}
	if m.Credential == nil {
		m.Credential = &credentialModel{}
	}
	if r.Credential.Type != "" {
		m.Credential.Type = types.StringValue(r.Credential.Type)
	}
	if !masked(r.Credential.AccessKey) {
		m.Credential.AccessKey = types.StringValue(r.Credential.AccessKey)
	}
	m.computed(r)
}

// computed takes over only what the server decides.
func (m *registryModel) computed(r client.Registry) {
	m.Status = textOrNull(r.Status)
	m.CreationTime = textOrNull(r.CreationTime.String())
	m.UpdateTime = textOrNull(r.UpdateTime.String())
}

// settle takes over what the server decides and the plan left open; the zero
// registry leaves it unset. What the plan foretold must come true.
func (m *registryModel) settle(r client.Registry) {
	settle(&m.Status, textOrNull(r.Status))
	settle(&m.CreationTime, textOrNull(r.CreationTime.String()))
	settle(&m.UpdateTime, textOrNull(r.UpdateTime.String()))
}

// settle gives a planned attribute its value when the plan has none.
func settle[T attr.Value](planned *T, value T) {
	if (*planned).IsUnknown() || (*planned).IsNull() {
		*planned = value
	}
}

// sameURL ignores a closing slash, which the server may trim.
func sameURL(a, b string) bool {
	return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

// masked reports whether a credential came back as the API hides it.
func masked(value string) bool { return strings.Trim(value, "*") == "" }

// textOrNull is null for what the API leaves empty.
func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// optionalText is an optional attribute as the API tells it. The API does not
// tell unset from empty, so both stay what they were.
func optionalText(before types.String, text string) types.String {
	if text == "" && before.ValueString() == "" && !before.IsUnknown() {
		return before
	}
	return textOrNull(text)
}
