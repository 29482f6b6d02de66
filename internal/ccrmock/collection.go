package ccrmock

import (
	"cmp"
	"slices"
)

// collection holds objects by id, in an order that is stable but neither that
// of ids nor of names: a client must not depend on any.
type collection[T any] struct {
	nextID int64
	byID   map[int64]*T
	order  []int64
}

// rank scatters ids. Multiplying by an odd number maps no two ids to one rank.
func rank(id int64) uint64 { return uint64(id) * 0x9e3779b97f4a7c15 }

func (c *collection[T]) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(c.order, id, func(a, b int64) int { return cmp.Compare(rank(a), rank(b)) })
}

// add calls build with the new object's id.
func (c *collection[T]) add(build func(id int64) T) *T {
	id := c.nextID
	c.nextID++
	v := build(id)
	if c.byID == nil {
		c.byID = map[int64]*T{}
	}
	c.byID[id] = &v
	i, _ := c.find(id)
	c.order = slices.Insert(c.order, i, id)
	return &v
}

func (c *collection[T]) get(id int64) *T { return c.byID[id] }

func (c *collection[T]) remove(id int64) bool {
	if c.byID[id] == nil {
		return false
	}
	delete(c.byID, id)
	i, _ := c.find(id)
	c.order = slices.Delete(c.order, i, i+1)
	return true
}

// all returns the objects that keep, or all of them when keep is nil.
func (c *collection[T]) all(keep func(*T) bool) []*T {
	out := make([]*T, 0, len(c.order))
	for _, id := range c.order {
		if v := c.byID[id]; keep == nil || keep(v) {
			out = append(out, v)
		}
	}
	return out
}
