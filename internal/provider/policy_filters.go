package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// patternCharacters make a filter's value more than a literal.
const patternCharacters = "*?[]{}"

func filtersSchema() schema.SetNestedAttribute {
	return schema.SetNestedAttribute{
		MarkdownDescription: "Which images the policy migrates: exactly one filter of type `name` and at most one of type `tag`; an image must satisfy both. A change is made in place. CCR never returns filters, so a change made outside Terraform is not seen, and after an import the next apply sends the ones declared.",
		Required:            true,
		Validators:          []validator.Set{filtersValidator{}},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				MarkdownDescription: "What the filter looks at, one of " + quotedList(client.FilterTypes) + ": `name` is namespace and repository, as in `cce/web`; `tag` is the tag.",
				Required:            true,
				Validators:          []validator.String{oneOfValidator(client.FilterTypes)},
			},
			"value": schema.StringAttribute{
				MarkdownDescription: "What it must be, as a whole: a literal, or a pattern with `*` (not across `/`), `**`, `?`, `{a,b}` and `[…]`. A CCE image hub migrates single images only: there the name must be a literal.",
				Required:            true,
				Validators:          []validator.String{nameValidator()},
			},
		}},
	}
}

// filtersValidator wants one name and at most one tag.
type filtersValidator struct{}

func (v filtersValidator) Description(context.Context) string {
	return "must have exactly one filter of type name and at most one of type tag"
}

func (v filtersValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v filtersValidator) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	var filters []filterModel
	if req.ConfigValue.ElementsAs(ctx, &filters, false).HasError() {
		return // a whole filter is unknown: the apply validates again
	}
	count, undecided := map[string]int{}, 0
	for _, f := range filters {
		// A type that does not exist is an error of its own.
		if f.Type.IsUnknown() || !slices.Contains(client.FilterTypes, f.Type.ValueString()) {
			undecided++
		}
		count[f.Type.ValueString()]++
		v.validateValue(f, req, resp)
	}
	names, tags := count[client.FilterName], count[client.FilterTag]
	switch {
	case names > 1:
		resp.Diagnostics.AddAttributeError(req.Path, "Too many name filters", fmt.Sprintf(
			"The policy has %d filters of type \"name\"; CCR takes one.\n\nNext step: declare one policy for each image name (for_each), or use a pattern such as cce/{web,api}.", names))
	case tags > 1:
		resp.Diagnostics.AddAttributeError(req.Path, "Too many tag filters", fmt.Sprintf(
			"The policy has %d filters of type \"tag\"; CCR takes at most one.\n\nNext step: use one pattern such as {v1,v2}, or declare one policy for each tag.", tags))
	case names == 0 && undecided == 0:
		resp.Diagnostics.AddAttributeError(req.Path, "Missing name filter",
			"The policy has no filter of type \"name\", which says what images it migrates.\n\nNext step: add one, as in { type = \"name\", value = \"cce/web\" }.")
	}
}

// validateValue refuses what no image can satisfy.
func (v filtersValidator) validateValue(f filterModel, req validator.SetRequest, resp *validator.SetResponse) {
	value := f.Value.ValueString()
	switch {
	case f.Type.ValueString() == client.FilterName && strings.ContainsAny(value, ":@"):
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid name filter", fmt.Sprintf(
			"%q is more than a name: a filter of type \"name\" takes namespace and repository alone.\n\n"+
				"Next step: write the tag as a filter of its own, as in { type = \"tag\", value = \"v1\" }; the function parse_image takes a reference apart.", value))
	case !doublestar.ValidatePattern(value):
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid filter pattern", fmt.Sprintf(
			"%q is not a pattern that can match.\n\nNext step: look for a bracket or brace that is not closed.", value))
	}
}

// nameFilter returns the value of the filter of type name, "" when it is not
// known.
func (m *policyModel) nameFilter(ctx context.Context) string {
	var filters []filterModel
	if m.Filters.IsNull() || m.Filters.IsUnknown() || m.Filters.ElementsAs(ctx, &filters, false).HasError() {
		return ""
	}
	for _, f := range filters {
		if f.Type.ValueString() == client.FilterName {
			return f.Value.ValueString()
		}
	}
	return ""
}

func isPattern(value string) bool { return strings.ContainsAny(value, patternCharacters) }
