package client

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// settleLooks is how often, and how long apart, a create whose answer was lost
// is looked for: a server may still be at work on what the client gave up.
var settleLooks = []time.Duration{0, time.Second, 3 * time.Second}

// creation is what settles a create whose answer was lost.
type creation[T any] struct {
	name string
	// find returns the objects that have the name.
	find func(context.Context) ([]T, error)
	// same reports whether an object has the fields that were sent.
	same func(context.Context, T) (bool, error)
	// created is when the server says that it created an object.
	created func(T) Time
}

// clockSlack is by how much the servers behind an address may disagree on the
// time.
const clockSlack = 5 * time.Second

// UnsettledError is a create of which it cannot be said whether it happened.
type UnsettledError struct {
	// Noun and Name are the object's, as in: registry "cce".
	Noun, Name string
	// Found is the id of an object that has the name, 0 when there is none.
	Found ID
	// Reason says why that object cannot be taken for the created one.
	Reason string
	// Err is what became of the create.
	Err error
}

func (e *UnsettledError) Error() string {
	return fmt.Sprintf("create %s %q: the answer was lost and %s: %v", e.Noun, e.Name, e.Reason, e.Err)
}

func (e *UnsettledError) Unwrap() error { return e.Err }

// create sends the call once. When its answer was lost, it adopts the one
// object with the name that was not there before, no other create made, has the
// fields sent and was not created earlier; there is no second POST.
func create[T any](ctx context.Context, c *Client, in *collection[T], call *call, made creation[T]) (ID, error) {
	before, err := in.known(ctx)
	if err != nil {
		return 0, fmt.Errorf("create %s %q: nothing was sent: %w", in.noun, made.name, err)
	}
	sent := c.serverTime()
	end := in.write()
	m, err := c.mutate(ctx, call)
	end()
	if err == nil {
		id, idErr := ParseID(string(*m.TargetName))
		if idErr == nil {
			in.claim(id)
			return id, nil
		}
		err = call.failed(m.answer, fmt.Errorf("the new id cannot be read: %w", idErr))
	}
	if !Ambiguous(err) {
		return 0, err
	}
	return adopt(ctx, c, in, before, sent, made, err)
}

// adopt finds what a create whose answer was lost has made.
func adopt[T any](ctx context.Context, c *Client, in *collection[T], before *listing[T], sent time.Time, made creation[T], lost error) (ID, error) {
	// The user's interrupt must not leave an object that nobody knows of.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	unsettled := &UnsettledError{Noun: in.noun, Name: made.name, Reason: "it was not looked for", Err: lost}
	for _, wait := range settleLooks {
		if err := c.sleep(ctx, wait); err != nil {
			break
		}
		unsettled.Found = 0
		in.write()() // what the listing must not be older than
		found, err := made.find(ctx)
		switch {
		case err != nil:
			unsettled.Reason = fmt.Sprintf("looking for it by name failed (%v)", err)
			continue
		case len(found) == 0:
			unsettled.Reason = "no object has that name yet"
			continue
		case len(found) > 1:
			unsettled.Reason = fmt.Sprintf("%d objects have that name", len(found))
			return 0, unsettled
		}
		id := in.id(found[0])
		if _, was := before.index[id]; was {
			unsettled.Found, unsettled.Reason = id, fmt.Sprintf("id %s, which was there before, has that name", id)
			return 0, unsettled
		}
		same, err := made.same(ctx, found[0])
		if err != nil {
			unsettled.Found, unsettled.Reason = id, fmt.Sprintf("id %s has that name, and whether the rest is what was sent cannot be told (%v)", id, err)
			continue
		}
		if !same {
			unsettled.Found, unsettled.Reason = id, fmt.Sprintf("id %s has that name but other fields", id)
			return 0, unsettled
		}
		if at := made.created(found[0]); !at.IsZero() && at.Before(sent.Add(-clockSlack)) {
			unsettled.Found, unsettled.Reason = id, fmt.Sprintf("id %s, which was created at %s, before this was sent, has that name", id, at)
			return 0, unsettled
		}
		if !in.claim(id) {
			unsettled.Found, unsettled.Reason = id, fmt.Sprintf("id %s, which another create made, has that name", id)
			return 0, unsettled
		}
		tflog.Warn(ctx, "The answer to a create was lost; the object was found by name", map[string]any{
			"kind": in.noun, "name": made.name, "id": id.String(), "error": lost.Error(),
		})
		return id, nil
	}
	return 0, unsettled
}
