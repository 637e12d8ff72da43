// Package info says how the upstream provider's resources are called in Pulumi.
package info

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/bpg/terraform-provider-proxmox/fwprovider"
	"github.com/bpg/terraform-provider-proxmox/proxmoxtf/provider"
	"github.com/ettle/strcase"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	sdk "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The version of @muhlba91/pulumi-proxmoxve whose names these are: the engine asks for the plugin by it.
const version = "8.5.0"

// Empty in the checkout; gen writes it.
//
//go:embed bridge-metadata.json
var metadata []byte

// Resources of the upstream's newer half whose id is a number, which Pulumi's ids never are.
var numericID = map[string]bool{
	"proxmox_vm":                            true,
	"proxmox_virtual_environment_vm2":       true,
	"proxmox_cloned_vm":                     true,
	"proxmox_virtual_environment_cloned_vm": true,
}

// Provider describes the bridged provider.
func Provider() tfbridge.ProviderInfo {
	described := tfbridge.ProviderInfo{
		P: pf.MuxShimWithPF(
			context.Background(),
			sdk.NewProvider(provider.ProxmoxVirtualEnvironment()),
			fwprovider.New(version)(),
		),
		Name:           "proxmox",
		ResourcePrefix: "proxmox",
		Version:        version,
		MetadataInfo:   tfbridge.NewProviderMetadata(metadata),
		Resources:      map[string]*tfbridge.ResourceInfo{},
		DataSources:    map[string]*tfbridge.DataSourceInfo{},
	}
	described.MustComputeTokens(tfbridge.Strategy{
		Resource: func(tf string, element *tfbridge.ResourceInfo) error {
			fixID(tf, element)
			module, name := token(tf)
			element.Tok = tfbridge.MakeResource("proxmoxve", module, name)
			return nil
		},
		DataSource: func(tf string, element *tfbridge.DataSourceInfo) error {
			module, name := token(tf)
			element.Tok = tfbridge.MakeDataSource("proxmoxve", module, "get"+name)
			return nil
		},
	})
	return described
}

// token makes proxmox_virtual_environment_firewall_rules firewall and RulesLegacy, proxmox_vm index and Vm.
func token(tf string) (module, name string) {
	suffix := ""
	rest := strings.TrimPrefix(tf, "proxmox_")
	if legacy, found := strings.CutPrefix(rest, "virtual_environment_"); found {
		suffix, rest = "Legacy", legacy
	}
	words := strings.Split(rest, "_")
	last := len(words) - 1
	module = "index"
	if last > 0 {
		module = strings.Join(words[:last], "/")
	}
	return module, strcase.ToPascal(words[last] + suffix)
}

func fixID(tf string, element *tfbridge.ResourceInfo) {
	if !numericID[tf] {
		return
	}
	element.Fields = map[string]*tfbridge.SchemaInfo{"id": {Name: "resourceId", Type: "string"}}
	element.ComputeID = func(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
		return resource.ID(fmt.Sprint(state["resourceId"].V)), nil
	}
}
