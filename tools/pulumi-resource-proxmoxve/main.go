// The Proxmox provider as a Pulumi plugin: bpg's Terraform provider behind Pulumi's bridge, under the names of the npm
// package @muhlba91/pulumi-proxmoxve. Its release cannot be downloaded everywhere; this builds from the Go modules.
package main

import (
	"context"
	_ "embed"

	"estate/tools/pulumi-resource-proxmoxve/info"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
)

// Written by gen before this is built.
//
//go:embed info/schema.json
var schema []byte

func main() { tfbridge.MainWithMuxer(context.Background(), "proxmoxve", info.Provider(), schema) }
