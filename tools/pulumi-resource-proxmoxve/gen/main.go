// Writes what the provider embeds: its schema, and the table of which resource is served by which half of the upstream
// provider. Run as: go run ./gen schema --out info --skip-docs --skip-examples
package main

import (
	"estate/tools/pulumi-resource-proxmoxve/info"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
)

func main() { tfgen.MainWithMuxer("proxmoxve", info.Provider()) }
