package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// idOrName wants exactly one of the two.
func idOrName() []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"))}
}

// lookup finds one object by its id or its exact name.
type lookup[T any] struct {
	noun  string
	byID  func(context.Context, client.ID) (T, error)
	named func(context.Context, string) (T, error)
	// all and name are for names like the one that nothing has.
	all  func(context.Context) ([]T, error)
	name func(T) string
}

// find looks for the id when there is one, else for the name.
func (l lookup[T]) find(ctx context.Context, id, name types.String) (found T, diags diag.Diagnostics) {
	if id.IsNull() {
		return l.byName(ctx, name.ValueString())
	}
	parsed := parseIDArgument("id", id, &diags)
	if diags.HasError() {
		return found, diags
	}
	found, err := l.byID(ctx, parsed)
	switch {
	case errors.Is(err, client.ErrNotFound):
		diags.AddAttributeError(path.Root("id"), l.summary(), fmt.Sprintf(
			"CCR has no %s with the id %s.\n\nNext step: check the id, and that the provider's keys belong to the account that holds it.", l.noun, parsed))
	case err != nil:
		diags.Append(apiError(l.summary(), fmt.Sprintf("Could not look for the %s with the id %s", l.noun, parsed), err))
	}
	return found, diags
}

func (l lookup[T]) byName(ctx context.Context, name string) (found T, diags diag.Diagnostics) {
	found, err := l.named(ctx, name)
	if err == nil {
		return found, nil
	}
	d := nameLookupError(l.summary(), l.noun, name, err)
	switch {
	case errors.Is(err, client.ErrNotFound):
		diags.AddAttributeError(path.Root("name"), d.Summary(), strings.Replace(d.Detail(), "\n\nNext step:", l.similar(ctx, name)+"\n\nNext step:", 1))
	case errors.As(err, new(*client.AmbiguousNameError)):
		diags.Append(diag.WithPath(path.Root("name"), d))
	default:
		diags.Append(d)
	}
	return found, diags
}

func (l lookup[T]) summary() string { return "Looking up the " + l.noun + " failed" }

// similar is a paragraph that names objects whose names are like name, "" when
// there are none to be seen.
func (l lookup[T]) similar(ctx context.Context, name string) string {
	items, err := l.all(ctx)
	if err != nil {
		return ""
	}
	var names []string
	for _, item := range items {
		names = append(names, l.name(item))
	}
	var quoted []string
	for _, like := range similarNames(names, name) {
		quoted = append(quoted, fmt.Sprintf("%q", like))
	}
	if len(quoted) == 0 {
		return ""
	}
	return "\n\nSimilar names: " + strings.Join(quoted, ", ") + "."
}

const mostSimilar = 5

// similarNames returns the names most like wanted, the likest first: those that
// differ in case alone, then those that contain it, then those it contains.
func similarNames(names []string, wanted string) []string {
	const shortest = 3 // a name that short is contained in anything
	wanted = strings.ToLower(wanted)
	likeness := func(name string) int {
		name = strings.ToLower(name)
		switch {
		case name == wanted:
			return 3
		case strings.Contains(name, wanted):
			return 2
		case len(name) >= shortest && strings.Contains(wanted, name):
			return 1
		}
		return 0
	}
	var similar []string
	for _, name := range names {
		if likeness(name) > 0 {
			similar = append(similar, name)
		}
	}
	slices.SortFunc(similar, func(a, b string) int {
		return cmp.Or(cmp.Compare(likeness(b), likeness(a)), cmp.Compare(a, b))
	})
	return similar[:min(mostSimilar, len(similar))]
}

// sortedByID returns the items to keep in the order of their ids, as the API
// has no order and a result that changed with each read would be a change in
// every plan. The items given are shared with other reads and stay as they are.
func sortedByID[T any](items []T, id func(T) client.ID, keep func(T) bool) []T {
	var kept []T
	for _, item := range items {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	slices.SortFunc(kept, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return kept
}
