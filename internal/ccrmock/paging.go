package ccrmock

import "strconv"

const (
	defaultPageSize = 10
	maxPageSize     = 100
)

type window struct {
	pageNo, pageSize int
}

func (c *call) window() (window, *apiError) {
	no, failure := c.intParam("pageNo", 1)
	if failure != nil {
		return window{}, failure
	}
	size, failure := c.intParam("pageSize", defaultPageSize)
	if failure != nil {
		return window{}, failure
	}
	if no < 1 {
		return window{}, apiErrorf(codeBadRequest, "pageNo must be at least 1, not %d", no)
	}
	if size < 1 || size > maxPageSize {
		return window{}, apiErrorf(codeBadRequest, "pageSize must be from 1 to %d, not %d", maxPageSize, size)
	}
	return window{pageNo: no, pageSize: size}, nil
}

func (c *call) intParam(name string, byDefault int) (int, *apiError) {
	value, sent := c.query[name]
	if !sent {
		return byDefault, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, apiErrorf(codeBadRequest, "%s must be a number, not %q", name, value)
	}
	return n, nil
}

// bounds returns the part of total items that is on the page.
func (w window) bounds(total int) (from, to int) {
	if w.pageNo-1 > total/w.pageSize { // before a huge page number overflows
		return total, total
	}
	from = min((w.pageNo-1)*w.pageSize, total)
	return from, min(from+w.pageSize, total)
}

// newListPage renders the items on the page only.
func newListPage[T, I any](items []T, w window, render func(T) I) listPage[I] {
	from, to := w.bounds(len(items))
	page := listPage[I]{Result: []I{}, PageNo: w.pageNo, PageSize: w.pageSize, TotalCount: len(items)}
	for _, item := range items[from:to] {
		page.Result = append(page.Result, render(item))
	}
	return page
}

// OnList sets a hook that is called for each page of a list: after what the
// page holds is fixed and before it is sent. So whatever the hook changes shows
// from the client's next request on. collection is "registries", "policies" or
// "executions". Hooks run one at a time, and must not list over HTTP. A nil
// hook removes it.
func (s *Server) OnList(hook func(collection string, pageNo int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onList = hook
}

func (s *Server) listed(collection string, pageNo int) {
	s.mu.Lock()
	hook := s.onList
	s.mu.Unlock()
	if hook == nil {
		return
	}
	s.hookMu.Lock()
	defer s.hookMu.Unlock()
	hook(collection, pageNo)
}
