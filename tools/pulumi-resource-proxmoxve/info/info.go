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

// Resources whose "id" is given by the program, or is a number, which Pulumi's ids never are: the package calls it resourceId.
// https://github.com/muhlba91/pulumi-proxmoxve/blob/main/provider/resources.go, resourceIDOverrides; each has its older name, too.
var givenID = map[string]bool{
	"backup_job":            true,
	"cloned_vm":             true,
	"replication":           true,
	"sdn_fabric_openfabric": true,
	"sdn_fabric_ospf":       true,
	"sdn_vnet":              true,
	"sdn_zone_evpn":         true,
	"sdn_zone_qinq":         true,
	"sdn_zone_simple":       true,
	"sdn_zone_vlan":         true,
	"sdn_zone_vxlan":        true,
	"storage_cifs":          true,
	"storage_directory":     true,
	"storage_lvm":           true,
	"storage_lvmthin":       true,
	"storage_nfs":           true,
	"storage_pbs":           true,
	"storage_zfspool":       true,
	"vm":                    true,
	"vm2":                   true,
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
	described.SetAutonaming(255, "-")
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
	rest, isLegacy := strings.CutPrefix(tf, "proxmox_virtual_environment_")
	// The older "vm" has an id like any other; what is "vm" now was called "vm2".
	if isLegacy && rest == "vm" || !givenID[strings.TrimPrefix(rest, "proxmox_")] {
		return
	}
	element.Fields = map[string]*tfbridge.SchemaInfo{"id": {Name: "resourceId", Type: "string"}}
	element.ComputeID = func(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
		return resource.ID(fmt.Sprint(state["resourceId"].V)), nil
	}
}
