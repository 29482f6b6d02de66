// Command terraform-provider-ccr serves the Terraform provider for the Cloud
// Container Registry (CCR) of Baidu AI Cloud.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-provider-ccr/terraform-provider-ccr/internal/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger and print how to connect Terraform to this process")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/terraform-provider-ccr/ccr",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
