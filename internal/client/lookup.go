package client

import (
	"fmt"
	"slices"
	"strings"
)

// AmbiguousNameError is a name that several objects have.
type AmbiguousNameError struct {
	Noun, Name string
	IDs        []ID
}

func (e *AmbiguousNameError) Error() string {
	ids := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		ids[i] = id.String()
	}
	return fmt.Sprintf("%s %q: %d have that name, with the ids %s", e.Noun, e.Name, len(ids), strings.Join(ids, ", "))
}

// one returns the only object found by name.
func one[T any](found []T, err error, noun, name string, id func(T) ID) (T, error) {
	var none T
	switch {
	case err != nil:
		return none, err
	case len(found) == 0:
		return none, fmt.Errorf("%s %q: %w", noun, name, ErrNotFound)
	case len(found) > 1:
		ambiguous := &AmbiguousNameError{Noun: noun, Name: name}
		for _, item := range found {
			ambiguous.IDs = append(ambiguous.IDs, id(item))
		}
		slices.Sort(ambiguous.IDs)
		return none, ambiguous
	}
	return found[0], nil
}

func filter[T any](items []T, keep func(T) bool) []T {
	var kept []T
	for _, item := range items {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	return kept
}
