package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// listing turns the objects of one kind into list results.
type listing[T any] struct {
	summary string // of an error
	tried   string
	items   iter.Seq2[T, error]
	keep    func(T) bool
	id      func(T) client.ID
	name    func(T) string
	// resource returns the model of the whole resource. It is called only for
	// requests that ask for it.
	resource func(context.Context, T) (any, error)
}

// results yields a result for each object as its page is read. It asks for no
// page beyond the limit, and an error on any page is its last result.
func (l listing[T]) results(ctx context.Context, req list.ListRequest) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		pushed := int64(0)
		for item, err := range l.items {
			if err != nil {
				push(l.failed(err))
				return
			}
			if !l.keep(item) {
				continue
			}
			result := l.result(ctx, req, item)
			if !push(result) || result.Diagnostics.HasError() {
				return
			}
			pushed++
			if pushed == req.Limit {
				return
			}
		}
	}
}

func (l listing[T]) result(ctx context.Context, req list.ListRequest, item T) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = l.name(item)
	result.Diagnostics.Append(setIDIdentity(ctx, result.Identity, types.StringValue(l.id(item).String()))...)
	if req.IncludeResource {
		model, err := l.resource(ctx, item)
		if err != nil {
			return l.failed(err)
		}
		result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	}
	if result.Diagnostics.HasError() {
		return list.ListResult{Diagnostics: result.Diagnostics}
	}
	return result
}

func (l listing[T]) failed(err error) list.ListResult {
	return list.ListResult{Diagnostics: diag.Diagnostics{apiError(l.summary, l.tried, err)}}
}
