package provider

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing/synctest"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// edit changes the configuration at random: one block comes, goes or changes.
func (c *chaos) edit() {
	label := pick(c.rng, []string{"a", "b"})
	switch kind := pick(c.rng, []string{"ccr_registry", "ccr_registry", "ccr_migration_policy", "ccr_policy_execution"}); kind {
	case "ccr_registry":
		c.editRegistry(label)
	case "ccr_migration_policy":
		c.editPolicy(label)
	default:
		c.editExecution(label)
	}
}

func (c *chaos) at(address string) int {
	return slices.IndexFunc(c.w.config, func(b block) bool { return b.address() == address })
}

// put sets a block, and keeps what is referred to before what refers to it.
func (c *chaos) put(b block) {
	if at := c.at(b.address()); at >= 0 {
		c.w.config[at] = b
		return
	}
	c.w.config = append(slices.Clone(c.w.config), b)
	order := []string{"ccr_registry", "ccr_migration_policy", "ccr_policy_execution"}
	slices.SortStableFunc(c.w.config, func(a, b block) int { return slices.Index(order, a.kind) - slices.Index(order, b.kind) })
}

// drop removes a block and what refers to it.
func (c *chaos) drop(address string) {
	for _, b := range slices.Clone(c.w.config) {
		if b.refersTo(map[string]bool{address: true}) {
			c.drop(b.address())
		}
	}
	c.w.config = slices.DeleteFunc(slices.Clone(c.w.config), func(b block) bool { return b.address() == address })
}

func (c *chaos) editRegistry(label string) {
	address := "ccr_registry." + label
	if c.at(address) >= 0 && c.rng.IntN(6) == 0 {
		c.drop(address)
		return
	}
	// Secrets come again, as one that is taken back does.
	secret := fmt.Sprintf("s3cr3t-%s-%d", label, c.rng.IntN(3))
	credential := fields{"access_key": pick(c.rng, []string{"puller", "robot"})}
	if c.rng.IntN(2) == 0 {
		credential["access_secret"] = secret
	} else {
		credential["access_secret_wo"], credential["access_secret_wo_version"] = secret, int64(secret[len(secret)-1])
	}
	if c.secrets[address] == nil {
		c.secrets[address] = map[string]bool{}
	}
	c.secrets[address][secret] = true
	c.put(block{"ccr_registry", label, fields{
		"name": label + pick(c.rng, []string{"-one", "-two"}), "type": pick(c.rng, []string{"harbor", "docker-registry"}), "url": "http://127.0.0.1:1",
		"description": pick(c.rng, []any{nil, "first", "second"}), "insecure": c.rng.IntN(2) == 0, "credential": credential,
	}})
}

func (c *chaos) editPolicy(label string) {
	address := "ccr_migration_policy." + label
	if c.at(address) >= 0 && c.rng.IntN(6) == 0 {
		c.drop(address)
		return
	}
	from := pick(c.rng, []string{"a", "b"})
	if c.at("ccr_registry."+from) < 0 {
		c.editRegistry(from)
	}
	c.put(block{"ccr_migration_policy", label, fields{
		"name": "policy-" + label + pick(c.rng, []string{"-one", "-two"}), "src_registry_id": ref("ccr_registry." + from),
		"dest_project_name": pick(c.rng, []string{"public", "team"}), "description": pick(c.rng, []any{nil, "first"}), "override": c.rng.IntN(2) == 0,
		"filters": []fields{{"type": "name", "value": pick(c.rng, []string{"cce/web", "cce/api", "cce/*"})}},
	}})
}

func (c *chaos) editExecution(label string) {
	address := "ccr_policy_execution." + label
	if c.at(address) >= 0 && c.rng.IntN(6) == 0 {
		c.drop(address)
		return
	}
	policy := pick(c.rng, []string{"a", "b"})
	if c.at("ccr_migration_policy."+policy) < 0 {
		c.editPolicy(policy)
	}
	c.put(block{"ccr_policy_execution", label, fields{
		"policy_id": ref("ccr_migration_policy." + policy), "wait_for_completion": c.rng.IntN(4) > 0,
		"on_failure": pick(c.rng, []string{"fail", "fail", "continue"}), "triggers": fields{"round": strconv.Itoa(c.rng.IntN(3))},
	}})
}

// script says how the next execution goes. Its status text names the script.
func (c *chaos) script() {
	going, done := ccrmock.Counters{Total: 2, InProgress: 2}, ccrmock.Counters{Total: 2, Succeed: 2}
	half := ccrmock.Counters{Total: 2, Succeed: 1, Failed: 1}
	step := func(status string, counters ccrmock.Counters) ccrmock.ExecutionStep {
		return ccrmock.ExecutionStep{Status: status, Counters: counters, Ended: status != ccrmock.ExecutionInProgress}
	}
	begin, working := ccrmock.ExecutionStep{}, step(ccrmock.ExecutionInProgress, going)
	succeeded, failed := step(ccrmock.ExecutionSucceed, done), step(ccrmock.ExecutionFailed, half)
	stopped := step(ccrmock.ExecutionStopped, ccrmock.Counters{Total: 2, Succeed: 1, Stopped: 1})
	all := [][]ccrmock.ExecutionStep{
		{begin, working, succeeded},
		{begin, succeeded},
		{begin, succeeded},
		{begin, working, failed},
		{failed, working, succeeded},
		{begin, failed, step(ccrmock.ExecutionFailed, going), working, succeeded},
		{begin, step("Pending", going), succeeded},
		{begin, step(ccrmock.ExecutionSucceed, half)},
		{begin, step(ccrmock.ExecutionSucceed, ccrmock.Counters{})},
		{begin, working, stopped},
		{working, {Status: ccrmock.ExecutionInProgress, Counters: going, UntilStop: true}, stopped},
		{begin, working, {Gone: true}},
		{{Hidden: true}, working, succeeded},
	}
	steps := slices.Clone(pick(c.rng, all))
	if c.settling {
		steps = slices.Clone(all[0])
	}
	for i := range steps {
		steps[i].StatusText = fmt.Sprintf("script %d", len(c.scripts))
	}
	c.scripts = append(c.scripts, steps)
	c.b.ScriptExecutions(0, steps...)
}

// importOne forgets a resource and imports it again.
func (c *chaos) importOne(ctx context.Context) {
	addresses := slices.Sorted(maps.Keys(c.w.state))
	if len(addresses) == 0 {
		return
	}
	address := pick(c.rng, addresses)
	i := c.w.state[address]
	id := i.text("id")
	switch {
	case i.kind == "ccr_policy_execution":
		id = i.text("policy_id") + "/" + id
	case c.rng.IntN(2) == 0:
		id = "name=" + i.text("name")
	}
	if c.at(address) < 0 {
		return
	}
	c.run("import "+address+" "+id, func() result {
		delete(c.w.state, address)
		r := c.w.importID(ctx, address, id)
		if r.diags.failed() {
			c.w.state[address] = i // the user undoes what did not work
		}
		return r
	})
	if foreign := number(c.w.state[address].text("id")); i.kind == "ccr_registry" && c.foreign[foreign].Name != "" {
		delete(c.foreign, foreign) // the user takes over what others made
		c.secrets[address]["theirs"] = true
	}
}

// act invokes an action.
func (c *chaos) act(ctx context.Context) {
	policies := c.b.Policies()
	if len(policies) == 0 {
		return
	}
	policy := pick(c.rng, policies)
	executions := c.b.Executions(policy.ID)
	if len(executions) == 0 || c.rng.IntN(2) == 0 {
		c.run("start", c.invoke(ctx, "ccr_start_policy", fields{"policy_id": strconv.FormatInt(policy.ID, 10)}))
		return
	}
	c.stop(ctx, pick(c.rng, executions))
}

func (c *chaos) stop(ctx context.Context, e ccrmock.Execution) {
	c.run("stop", c.invoke(ctx, "ccr_stop_execution", fields{
		"policy_id": strconv.FormatInt(e.PolicyID, 10), "execution_id": strconv.FormatInt(e.ID, 10),
	}))
}

func (c *chaos) invoke(ctx context.Context, kind string, config fields) func() result {
	return func() result {
		defer synctest.Wait()
		d, diags := c.b.driver(ctx, nil)
		if !diags.failed() {
			var said []string
			said, diags = d.invoke(ctx, kind, config)
			c.told += strings.Join(said, "\n")
		}
		return result{diags: diags}
	}
}

// crowd fills a second page with registries of others, who delete some of the
// first page and create as many while lists are read: what is on the second
// page then moves to the first, which was read already.
func (c *chaos) crowd(rng *rand.Rand) {
	for range 105 + rng.IntN(75) {
		c.theirs(fmt.Sprintf("crowd-%d", len(c.foreign)))
	}
	c.high = c.highest()
	c.b.OnList(func(collection string, pageNo int) {
		if collection != "registries" || pageNo != 1 || rng.IntN(2) > 0 {
			return
		}
		for range min(80, len(c.firstPage)) {
			i := rng.IntN(len(c.firstPage))
			c.b.DeleteRegistry(c.firstPage[i])
			c.firstPage = slices.Delete(c.firstPage, i, i+1)
			c.theirs(fmt.Sprintf("crowd-%d", len(c.foreign)))
		}
	})
}

// look notes what others have on the first page.
func (c *chaos) look(ctx context.Context) {
	c.firstPage = nil
	lister := c.b.client()
	for r, err := range lister.EachRegistry(ctx, client.RegistryQuery{}) {
		if err != nil || len(c.firstPage) == 90 {
			return
		}
		if _, ok := c.foreign[int64(r.ID)]; ok {
			c.firstPage = append(c.firstPage, int64(r.ID))
		}
	}
}

// theirs creates a registry that is not ours.
func (c *chaos) theirs(name string) int64 {
	id := c.b.CreateRegistry(ccrmock.Registry{Name: name, Type: "harbor", URL: "http://127.0.0.1:1", AccessKey: "theirs", AccessSecret: "theirs"})
	registries := c.b.Registries()
	c.foreign[id] = registries[slices.IndexFunc(registries, func(r ccrmock.Registry) bool { return r.ID == id })]
	return id
}

// meddle is what others do behind the provider's back.
func (c *chaos) meddle() {
	did := "nothing"
	registries, policies := c.b.Registries(), c.b.Policies()
	switch c.rng.IntN(6) {
	case 0: // a registry comes, perhaps under a name that is to be declared
		name := pick(c.rng, []string{"theirs", "theirs-too", "a-one", "b-two"})
		if slices.ContainsFunc(registries, func(r ccrmock.Registry) bool { return r.Name == name }) {
			break
		}
		c.theirs(name)
		did = "created the registry " + name
	case 1: // one goes
		for _, r := range registries {
			if !slices.ContainsFunc(policies, func(p ccrmock.Policy) bool { return p.SrcRegistryID == r.ID }) {
				c.b.DeleteRegistry(r.ID)
				did = "deleted the registry " + r.Name
				break
			}
		}
	case 2:
		if len(policies) > 0 {
			p := pick(c.rng, policies)
			c.b.DeletePolicy(p.ID)
			did = "deleted the policy " + p.Name
		}
	case 3:
		c.b.PurgeExecutions(0)
		did = "purged the executions"
	case 4:
		for _, r := range registries {
			if _, ok := c.foreign[r.ID]; !ok {
				c.b.UpdateRegistry(r.ID, func(r *ccrmock.Registry) { r.Description, r.Insecure = "theirs", !r.Insecure })
				did = "changed the registry " + r.Name
				break
			}
		}
	case 5:
		for _, p := range policies {
			c.b.UpdatePolicy(p.ID, func(p *ccrmock.Policy) { p.Override, p.DestProjectName = !p.Override, "elsewhere" })
			did = "changed the policies"
		}
	}
	c.high = c.highest()
	c.journal = append(c.journal, fmt.Sprintf("%d. somebody else %s", len(c.journal)+1, did))
}
