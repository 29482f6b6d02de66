// Command gitops-lint checks the pipelines in examples/gitops that have no linter as a Go module: Atlantis's files with
// Atlantis's own parser, those of GitLab CI and Flux against the fields that they use.
//
//	gitops-lint examples/gitops
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/runatlantis/atlantis/server/core/config"
	"github.com/runatlantis/atlantis/server/core/config/valid"
	"gopkg.in/yaml.v3"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gitops-lint DIRECTORY")
		os.Exit(2)
	}
	dir := os.Args[1]
	err := errors.Join(
		about("atlantis", atlantis(filepath.Join(dir, "atlantis"))),
		about("flux", flux(filepath.Join(dir, "flux", "terraform.yaml"))),
		about("gitlab-ci", gitlab(filepath.Join(dir, "gitlab-ci", ".gitlab-ci.yml"))),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// atlantis reads the server's file, then the repository's under its rules.
func atlantis(dir string) error {
	var parser config.ParserValidator
	global, err := parser.ParseGlobalCfg(filepath.Join(dir, "repos.yaml"), valid.NewGlobalCfgFromArgs(valid.GlobalCfgArgs{}))
	if err != nil {
		return err
	}
	repo := global.Repos[len(global.Repos)-1]
	if repo.Workflow == nil || repo.Workflow.Name != "ccr" {
		return errors.New("repos.yaml: the repository does not use the workflow ccr")
	}
	data, err := os.ReadFile(filepath.Join(dir, "atlantis.yaml"))
	if err != nil {
		return err
	}
	_, err = parser.ParseRepoCfgData(data, global, repo.ID, "main")
	return err
}

// document reads the next YAML document, in which each field must be known.
func document(decoder *yaml.Decoder, into any) error {
	decoder.KnownFields(true)
	return decoder.Decode(into)
}

type meta struct{ Name, Namespace string }

// gitRepository is Flux's, as far as it is used: source.toolkit.fluxcd.io/v1.
type gitRepository struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   meta
	Spec       struct {
		URL      string
		Ref      struct{ Branch string }
		Interval time.Duration
	}
}

// terraform is tofu-controller's, as far as it is used: api/v1alpha2/terraform_types.go there.
type terraform struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   meta
	Spec       struct {
		SourceRef                           struct{ Kind, Name string } `yaml:"sourceRef"`
		Path                                string
		ApprovePlan                         string `yaml:"approvePlan"`
		Interval                            time.Duration
		RetryInterval                       time.Duration `yaml:"retryInterval"`
		StoreReadablePlan                   string        `yaml:"storeReadablePlan"`
		UpgradeOnInit                       bool          `yaml:"upgradeOnInit"`
		RunnerTerminationGracePeriodSeconds int64         `yaml:"runnerTerminationGracePeriodSeconds"`
		BranchPlanner                       struct {
			EnablePathScope bool `yaml:"enablePathScope"`
		} `yaml:"branchPlanner"`
		TFState struct {
			LockTimeout time.Duration `yaml:"lockTimeout"`
		} `yaml:"tfstate"`
		VarsFrom []struct {
			Kind, Name string
			VarsKeys   []string `yaml:"varsKeys"`
		} `yaml:"varsFrom"`
		RunnerPodTemplate struct {
			Spec struct {
				EnvFrom []struct {
					SecretRef struct{ Name string } `yaml:"secretRef"`
				} `yaml:"envFrom"`
			}
		} `yaml:"runnerPodTemplate"`
	}
}

func flux(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var source gitRepository
	var object terraform
	if err := errors.Join(document(decoder, &source), document(decoder, &object)); err != nil {
		return err
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("there is more than a GitRepository and a Terraform")
	}
	s := object.Spec
	return errors.Join(
		same("apiVersion", source.APIVersion, "source.toolkit.fluxcd.io/v1"),
		same("kind", source.Kind, "GitRepository"),
		same("apiVersion", object.APIVersion, "infra.contrib.fluxcd.io/v1alpha2"),
		same("kind", object.Kind, "Terraform"),
		same("sourceRef.kind", s.SourceRef.Kind, source.Kind),
		same("sourceRef.name", s.SourceRef.Name, source.Metadata.Name),
		same("namespace", object.Metadata.Namespace, source.Metadata.Namespace),
		same("approvePlan", s.ApprovePlan, "auto"),
		atLeast("interval", s.Interval, time.Minute),
		atLeast("tfstate.lockTimeout", s.TFState.LockTimeout, time.Minute),
		atLeast("varsFrom", len(s.VarsFrom), 1),
		atLeast("runnerPodTemplate.spec.envFrom", len(s.RunnerPodTemplate.Spec.EnvFrom), 1),
	)
}

func same(field, got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s is %q, not %q", field, got, want)
}

func atLeast[T int | time.Duration](field string, got, want T) error {
	if got >= want {
		return nil
	}
	return fmt.Errorf("%s is %v, and should be at least %v", field, got, want)
}

// pipeline is GitLab CI's, as far as it is used. What is no field is a job.
type pipeline struct {
	Stages   []string
	Workflow struct {
		Rules []rule
	}
	Variables map[string]string
	Default   struct {
		Image struct {
			Name       string
			Entrypoint []string
		}
		BeforeScript []string `yaml:"before_script"`
	}
	Jobs map[string]job `yaml:",inline"`
}

type rule struct{ If string }

type job struct {
	Stage         string
	Needs         []string
	Rules         []rule
	ResourceGroup string `yaml:"resource_group"`
	Environment   string
	Interruptible bool
	Timeout       string
	Script        []string
	Artifacts     struct {
		Paths    []string
		Reports  struct{ Terraform string }
		Access   string
		ExpireIn string `yaml:"expire_in"`
	}
}

func gitlab(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var p pipeline
	if err := document(yaml.NewDecoder(bytes.NewReader(data)), &p); err != nil {
		return err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(p.Jobs)) {
		j := p.Jobs[name]
		if !slices.Contains(p.Stages, j.Stage) {
			problems = append(problems, fmt.Errorf("%s: no stage %q", name, j.Stage))
		}
		for _, needed := range j.Needs {
			if _, ok := p.Jobs[needed]; !ok {
				problems = append(problems, fmt.Errorf("%s: needs %q, which is no job", name, needed))
			}
		}
		if len(j.Script) == 0 || len(j.Rules) == 0 {
			problems = append(problems, fmt.Errorf("%s: has no script or no rules", name))
		}
		for _, path := range j.Artifacts.Paths {
			if !strings.Contains(strings.Join(j.Script, "\n"), path) {
				problems = append(problems, fmt.Errorf("%s: no step writes %s", name, path))
			}
		}
	}
	return errors.Join(problems...)
}
