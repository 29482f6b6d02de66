package provider

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
)

// high are the highest ids of registries and policies so far, and how many
// executions there ever were: one may be gone already.
type high struct{ registry, policy, executions int64 }

func (c *chaos) highest() high {
	now := c.high
	for _, r := range c.b.Registries() {
		now.registry = max(now.registry, r.ID)
	}
	for _, p := range c.b.Policies() {
		now.policy = max(now.policy, p.ID)
	}
	now.executions = int64(len(c.scripts))
	return now
}

// made counts what came since, less what others made.
func (c *chaos) made(since high) [3]int {
	made := [3]int{2: len(c.scripts) - int(since.executions)}
	for _, r := range c.b.Registries() {
		if _, ok := c.foreign[r.ID]; !ok && r.ID > since.registry {
			made[0]++
		}
	}
	for _, p := range c.b.Policies() {
		if p.ID > since.policy {
			made[1]++
		}
	}
	return made
}

// checkOnce: a command sends, and the server makes, no more than one of each.
func (c *chaos) checkOnce(name string, r result) {
	made := c.made(c.high)
	c.high = c.highest()
	for i, kind := range []struct{ name, path, action string }{
		{"ccr_registry.", "/v1/ccr/registries", ""},
		{"ccr_migration_policy.", "/v1/ccr/policies", ""},
		{"ccr_policy_execution.", "/v1/ccr/policies/*/start", "start"},
	} {
		allowed := 0
		if name == kind.action {
			allowed = 1
		}
		for address, action := range r.did {
			if strings.HasPrefix(address, kind.name) && (action == "create" || action == "replace") {
				allowed++
			}
		}
		sent := 0
		for requested, n := range c.schedule.creates {
			if ok, _ := path.Match(kind.path, requested); ok {
				sent += n
			}
		}
		if sent > allowed {
			c.violate("%d requests may have created a %s, %d were planned", sent, kind.name, allowed)
		}
		if made[i] > allowed {
			c.violate("%d of %s were created, %d were planned", made[i], kind.name, allowed)
		}
	}
	clear(c.schedule.creates)
}

// checkOrphans: what is on the server is in the state, or somebody was told of
// it and how to take it over.
func (c *chaos) checkOrphans() {
	has := map[string]bool{}
	for _, i := range c.w.state {
		has[i.kind+"."+i.text("id")] = true
		if i.kind == "ccr_policy_execution" {
			c.known[number(i.text("id"))] = true
		}
	}
	told := func(texts ...string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(c.told, text) })
	}
	c.abandoned = nil
	for _, r := range c.b.Registries() {
		if _, ok := c.foreign[r.ID]; ok || has[fmt.Sprintf("ccr_registry.%d", r.ID)] {
			continue
		}
		c.abandoned = append(c.abandoned, r.Name)
		if !told(strconv.Quote(r.Name), "terraform import ccr_registry.") {
			c.violate("nobody was told of the registry %q (id %d)", r.Name, r.ID)
		}
	}
	for _, p := range c.b.Policies() {
		if has[fmt.Sprintf("ccr_migration_policy.%d", p.ID)] {
			continue
		}
		c.abandoned = append(c.abandoned, p.Name)
		if !told(strconv.Quote(p.Name), "terraform import ccr_migration_policy.") {
			c.violate("nobody was told of the policy %q (id %d)", p.Name, p.ID)
		}
	}
	for _, e := range c.b.Executions(0) {
		if has[fmt.Sprintf("ccr_policy_execution.%d", e.ID)] || c.known[e.ID] && e.Status != ccrmock.ExecutionInProgress {
			continue
		}
		if !told(fmt.Sprintf("(policy_id = \"%d\"). If a new one is there", e.PolicyID)) && !told(fmt.Sprintf("Execution %d of policy ", e.ID)) {
			c.violate("nobody was told of execution %d of policy %d", e.ID, e.PolicyID)
		}
	}
}

// checkGone: what has left the state has left the server.
func (c *chaos) checkGone(before map[string]*instance) {
	for address, i := range before {
		id := i.text("id")
		if now := c.w.state[address]; i.kind == "ccr_policy_execution" || now != nil && now.text("id") == id {
			continue
		}
		present := slices.ContainsFunc(c.b.Policies(), func(p ccrmock.Policy) bool { return strconv.FormatInt(p.ID, 10) == id })
		if i.kind == "ccr_registry" {
			present = slices.ContainsFunc(c.b.Registries(), func(r ccrmock.Registry) bool { return strconv.FormatInt(r.ID, 10) == id })
		}
		if present {
			c.violate("%s (id %s) was taken for gone", address, id)
		}
	}
}

// checkSecrets: CCR holds a secret that was declared, never none.
func (c *chaos) checkSecrets() {
	for address, i := range c.w.state {
		if i.kind != "ccr_registry" {
			continue
		}
		for _, r := range c.b.Registries() {
			if strconv.FormatInt(r.ID, 10) == i.text("id") && !c.secrets[address][r.AccessSecret] {
				c.violate("%s: the server holds the secret %q", address, r.AccessSecret)
			}
		}
	}
}

// checkForeign: what others have made stays as it is.
func (c *chaos) checkForeign() {
	for _, r := range c.b.Registries() {
		if was, ok := c.foreign[r.ID]; ok && was != r {
			c.violate("the registry %q (id %d) of somebody else was changed", r.Name, r.ID)
		}
	}
	for address, i := range c.w.state {
		if _, ok := c.foreign[number(i.text("id"))]; ok && i.kind == "ccr_registry" {
			c.violate("%s: the registry of somebody else was adopted", address)
		}
	}
}

// checkOutcomes: what an apply says has worked has worked.
func (c *chaos) checkOutcomes(name string, r result) {
	if name != "apply" || r.diags.failed() {
		return
	}
	for _, b := range c.w.config {
		i := c.w.state[b.address()]
		waits, _ := b.body["wait_for_completion"].(bool)
		if _, set := b.body["wait_for_completion"]; !set {
			waits = true
		}
		did := r.did[b.address()]
		if b.kind != "ccr_policy_execution" || did == "" || did == "update" || !waits || b.body["on_failure"] == "continue" {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(i.text("status_text"), "script %d", &n); err != nil {
			c.violate("%s: the status text is %q", b.address(), i.text("status_text"))
			continue
		}
		script := c.scripts[n]
		if last := script[len(script)-1]; last.Status != ccrmock.ExecutionSucceed || last.Failed > 0 || last.Stopped > 0 || last.Succeed < last.Total {
			c.violate("%s: execution %s ends as %+v, and the apply succeeded", b.address(), i.text("id"), last)
		}
		if status := i.text("status"); status != ccrmock.ExecutionSucceed {
			c.violate("%s: the apply succeeded, and the state says %q", b.address(), status)
		}
	}
}
