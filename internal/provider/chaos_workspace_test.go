package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing/synctest"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/ccrmock"
	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/client"
)

// workspace is a configuration and its state, and of a CLI what matters to a
// provider: refresh, plan, apply, taint, replace, import. Each command runs a
// provider of its own, and ends when the server is done with it too.
type workspace struct {
	b        *bubble
	settings fields
	config   []block // what a block refers to comes before it
	state    map[string]*instance
}

// block is one resource of a configuration.
type block struct {
	kind, label string
	body        fields
}

func (b block) address() string { return b.kind + "." + b.label }

// ref is the id of the resource at an address.
type ref string

func newWorkspace(b *bubble, config ...block) *workspace {
	return &workspace{b: b, config: config, state: map[string]*instance{}}
}

// result is what a command did, and what it had to say.
type result struct {
	// did is the action for each address that a plan changes.
	did   map[string]string
	diags diagnostics
}

// clean reports a plan without changes.
func (r result) clean() bool { return len(r.did) == 0 && !r.diags.failed() }

func (r result) String() string {
	var text string
	for _, address := range slices.Sorted(maps.Keys(r.did)) {
		text += fmt.Sprintf("%s %s; ", r.did[address], address)
	}
	return text + "\n" + r.diags.String()
}

// body is a block with what it refers to, as far as it exists.
func (b block) resolved(state map[string]*instance) fields {
	body := fields{}
	for name, value := range b.body {
		if to, ok := value.(ref); ok {
			value = any(unknown{})
			if i := state[string(to)]; i != nil && !i.tainted {
				value = i.text("id")
			}
		}
		body[name] = value
	}
	return body
}

// refreshed reads every resource. The state is not changed.
func (w *workspace) refreshed(ctx context.Context, d *driver) (map[string]*instance, diagnostics) {
	state := map[string]*instance{}
	var all diagnostics
	for _, address := range slices.Sorted(maps.Keys(w.state)) {
		i, diags := d.read(ctx, w.state[address])
		all = append(all, diags.of(address)...)
		if i != nil {
			state[address] = i
		}
	}
	return state, all
}

// refresh is apply -refresh-only.
func (w *workspace) refresh(ctx context.Context) result {
	defer synctest.Wait()
	d, diags := w.b.driver(ctx, w.settings)
	if diags.failed() {
		return result{diags: diags}
	}
	state, diags := w.refreshed(ctx, d)
	if !diags.failed() {
		w.state = state
	}
	return result{diags: diags}
}

// plan refreshes and compares, and changes nothing.
func (w *workspace) plan(ctx context.Context) result {
	defer synctest.Wait()
	d, diags := w.b.driver(ctx, w.settings)
	if diags.failed() {
		return result{diags: diags}
	}
	r, _ := w.planned(ctx, d)
	return r
}

func (w *workspace) planned(ctx context.Context, d *driver) (result, map[string]*instance) {
	state, diags := w.refreshed(ctx, d)
	r := result{did: map[string]string{}, diags: diags}
	if diags.failed() {
		return r, nil
	}
	for _, b := range w.config {
		body := b.resolved(state)
		if diags := d.validate(ctx, b.kind, body); diags.failed() {
			r.diags = append(r.diags, diags.of(b.address())...)
			continue
		}
		c, diags := d.plan(ctx, b.kind, state[b.address()], body)
		r.diags = append(r.diags, diags.of(b.address())...)
		if c.action != "" && !diags.failed() {
			r.did[b.address()] = c.action
		}
	}
	for address := range state {
		if !w.has(address) {
			r.did[address] = "delete"
		}
	}
	return r, state
}

func (w *workspace) has(address string) bool {
	return slices.ContainsFunc(w.config, func(b block) bool { return b.address() == address })
}

// apply plans, and makes the plan's changes if it could plan everything.
func (w *workspace) apply(ctx context.Context) result {
	defer synctest.Wait()
	d, diags := w.b.driver(ctx, w.settings)
	if diags.failed() {
		return result{diags: diags}
	}
	r, state := w.planned(ctx, d)
	if r.diags.failed() {
		return r
	}
	w.state = state
	failed := map[string]bool{}
	for _, b := range w.config {
		if r.did[b.address()] == "" && !b.refersTo(r.did) {
			continue
		}
		if b.refersTo(failed) {
			failed[b.address()] = true
			continue
		}
		c, diags := d.plan(ctx, b.kind, w.state[b.address()], b.resolved(w.state))
		if c.action != "" && !diags.failed() {
			diags = append(diags, w.change(ctx, d, b.kind, b.address(), c)...)
		}
		r.diags = append(r.diags, diags.of(b.address())...)
		failed[b.address()] = diags.failed()
	}
	// What refers to others goes before them; it comes after them in the
	// order of kinds.
	for _, kind := range []string{"ccr_policy_execution", "ccr_migration_policy", "ccr_registry"} {
		var diags diagnostics
		for _, address := range slices.Sorted(maps.Keys(w.state)) {
			if i := w.state[address]; i.kind == kind && r.did[address] == "delete" {
				c, _ := d.plan(ctx, kind, i, nil)
				diags = append(diags, w.change(ctx, d, kind, address, c).of(address)...)
			}
		}
		r.diags = append(r.diags, diags...)
		if diags.failed() {
			break
		}
	}
	return r
}

func (w *workspace) change(ctx context.Context, d *driver, kind, address string, c change) diagnostics {
	i, diags := d.apply(ctx, kind, w.state[address], c)
	if i == nil {
		delete(w.state, address)
	} else {
		w.state[address] = i
	}
	return diags
}

func (b block) refersTo(to any) bool {
	for _, value := range b.body {
		address, ok := value.(ref)
		if !ok {
			continue
		}
		switch to := to.(type) {
		case map[string]bool:
			ok = to[string(address)]
		case map[string]string:
			ok = to[string(address)] != ""
		}
		if ok {
			return true
		}
	}
	return false
}

// importID imports and reads one resource of the configuration.
func (w *workspace) importID(ctx context.Context, address, id string) result {
	defer synctest.Wait()
	d, diags := w.b.driver(ctx, w.settings)
	if diags.failed() {
		return result{diags: diags}
	}
	at := slices.IndexFunc(w.config, func(b block) bool { return b.address() == address })
	i, diags := d.importByID(ctx, w.config[at].kind, id)
	if diags.failed() {
		return result{diags: diags}
	}
	i, read := d.read(ctx, i)
	diags = append(diags, read...)
	if i == nil {
		diags = append(diags, diagnostic{summary: "Cannot import non-existent remote object", detail: id, err: true})
	}
	if !diags.failed() {
		w.state[address] = i
	}
	return result{diags: diags}
}

// disagreements says where the server is not as the configuration declares it.
// An execution agrees when it is in the state. What is foreign may be there too.
func (w *workspace) disagreements(foreign ...string) (faults []string) {
	registries, policies := map[string]ccrmock.Registry{}, map[string]ccrmock.Policy{}
	for _, r := range w.b.Registries() {
		if _, twice := registries[r.Name]; twice {
			faults = append(faults, fmt.Sprintf("two registries are named %q", r.Name))
		}
		registries[r.Name] = r
	}
	for _, p := range w.b.Policies() {
		if _, twice := policies[p.Name]; twice {
			faults = append(faults, fmt.Sprintf("two policies are named %q", p.Name))
		}
		policies[p.Name] = p
	}
	for _, b := range w.config {
		i := w.state[b.address()]
		if i == nil || i.tainted {
			faults = append(faults, b.address()+" is not in the state, or tainted")
			continue
		}
		name, _ := b.body["name"].(string)
		switch b.kind {
		case "ccr_registry":
			got := registries[name]
			delete(registries, name)
			want := w.registry(b.body, i)
			want.Status, want.CreationTime, want.UpdateTime = got.Status, got.CreationTime, got.UpdateTime
			if got != want {
				faults = append(faults, fmt.Sprintf("%s: the server holds %+v, declared is %+v", b.address(), got, want))
			}
		case "ccr_migration_policy":
			got := policies[name]
			delete(policies, name)
			want := w.policy(b.body, i)
			want.ExecutionTimes, want.CreationTime, want.UpdateTime = got.ExecutionTimes, got.CreationTime, got.UpdateTime
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				faults = append(faults, fmt.Sprintf("%s: the server holds %+v, declared is %+v", b.address(), got, want))
			}
		}
	}
	for name, r := range registries {
		if slices.Contains(foreign, name) {
			continue
		}
		faults = append(faults, fmt.Sprintf("the registry %q (id %d) is not declared", name, r.ID))
	}
	for name, p := range policies {
		if slices.Contains(foreign, name) {
			continue
		}
		faults = append(faults, fmt.Sprintf("the policy %q (id %d) is not declared", name, p.ID))
	}
	return faults
}

func (w *workspace) registry(body fields, i *instance) ccrmock.Registry {
	credential, _ := body["credential"].(fields)
	secret, _ := credential["access_secret"].(string)
	if wo, ok := credential["access_secret_wo"].(string); ok {
		secret = wo
	}
	description, _ := body["description"].(string)
	insecure, _ := body["insecure"].(bool)
	return ccrmock.Registry{
		ID: number(i.text("id")), Name: body["name"].(string), Type: body["type"].(string), URL: body["url"].(string),
		Description: description, Insecure: insecure, CredentialType: "basic", AccessKey: credential["access_key"].(string), AccessSecret: secret,
	}
}

func (w *workspace) policy(body fields, i *instance) ccrmock.Policy {
	description, _ := body["description"].(string)
	override, _ := body["override"].(bool)
	p := ccrmock.Policy{
		ID: number(i.text("id")), Name: body["name"].(string), Description: description, Override: override, TriggerType: "manual",
		SrcRegistryID: number(w.state[string(body["src_registry_id"].(ref))].text("id")), DestProjectName: body["dest_project_name"].(string),
	}
	for _, f := range body["filters"].([]fields) {
		p.Filters = append(p.Filters, ccrmock.Filter{Type: f["type"].(string), Value: f["value"].(string)})
	}
	return p
}

func number(id string) int64 { return int64(must(client.ParseID(id))) }
