package main

import (
	"net/netip"
	"regexp"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	configs "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
)

// staticPod is one that Talos has the kubelet of a control plane run.
type staticPod struct {
	name     string
	image    func(config.Config) string
	resource func(image string) resource.Resource
}

var staticPods = []staticPod{
	{k8s.APIServerID, func(c config.Config) string { return c.Cluster().APIServer().Image() }, func(image string) resource.Resource {
		fact := k8s.NewAPIServerConfig()
		fact.TypedSpec().Image = image
		return fact
	}},
	{k8s.ControllerManagerID, func(c config.Config) string { return c.Cluster().ControllerManager().Image() }, func(image string) resource.Resource {
		fact := k8s.NewControllerManagerConfig()
		fact.TypedSpec().Enabled, fact.TypedSpec().Image = true, image
		return fact
	}},
	{k8s.SchedulerID, func(c config.Config) string { return c.Cluster().Scheduler().Image() }, func(image string) resource.Resource {
		fact := k8s.NewSchedulerConfig()
		fact.TypedSpec().Enabled, fact.TypedSpec().Image = true, image
		return fact
	}},
}

func imageOf(fact resource.Resource) string {
	switch typed := fact.(type) {
	case *k8s.APIServerConfig:
		return typed.TypedSpec().Image
	case *k8s.ControllerManagerConfig:
		return typed.TypedSpec().Image
	case *k8s.SchedulerConfig:
		return typed.TypedSpec().Image
	}
	return ""
}

// show makes visible to `talosctl get` what is so now; call it with the lock.
func (n *Node) show() {
	if n.resources == nil {
		return
	}
	facts := []resource.Resource{n.machineStatus()}
	if n.config != nil {
		facts = append(facts, n.configured()...)
		facts = append(facts, n.neighbours()...)
	}
	n.resources.show(facts)
}

func (n *Node) machineStatus() resource.Resource {
	fact := runtime.NewMachineStatus()
	spec := fact.TypedSpec()
	switch {
	case n.config == nil:
		spec.Stage, spec.Status.Ready = runtime.MachineStageMaintenance, true
	case n.ready:
		spec.Stage, spec.Status.Ready = runtime.MachineStageRunning, true
	default:
		spec.Stage = runtime.MachineStageBooting
		spec.Status.UnmetConditions = []runtime.UnmetCondition{{Name: "services", Reason: "etcd is not healthy"}}
	}
	return fact
}

// schematic is in the image of an installer of Image Factory.
var schematic = regexp.MustCompile(`installer/([0-9a-f]{64}):`)

func (n *Node) configured() []resource.Resource {
	kind, hostname := configs.NewMachineType(), network.NewHostnameStatus(network.NamespaceName, network.HostnameID)
	kind.SetMachineType(n.config.Machine().Type())
	hostname.TypedSpec().Hostname = n.hostname()
	kubelet := k8s.NewKubeletSpec(k8s.NamespaceName, k8s.KubeletID)
	kubelet.TypedSpec().Image, kubelet.TypedSpec().ExpectedNodename = n.config.Machine().Kubelet().Image(), n.hostname()
	facts := []resource.Resource{configs.NewMachineConfig(n.config), kind, hostname, kubelet}
	for id, healthy := range n.services() {
		service := v1alpha1.NewService(id)
		service.TypedSpec().Running, service.TypedSpec().Healthy = true, healthy
		facts = append(facts, service)
	}
	if n.controlPlane() {
		for _, pod := range staticPods {
			facts = append(facts, pod.resource(pod.image(n.config)))
		}
	}
	// Image Factory adds an extension that says what was asked of it.
	if found := schematic.FindStringSubmatch(n.disk.Image); found != nil {
		extension := runtime.NewExtensionStatus(runtime.NamespaceName, "schematic")
		extension.TypedSpec().Metadata.Name, extension.TypedSpec().Metadata.Version = "schematic", found[1]
		facts = append(facts, extension)
	}
	return facts
}

// services are those of the machine that run, and whether they are healthy.
func (n *Node) services() map[string]bool {
	services := map[string]bool{"apid": true, "containerd": true, "cri": true, "machined": true}
	if !n.restarting {
		services[k8s.KubeletID] = n.ready
	}
	if n.controlPlane() {
		services["etcd"], services["trustd"] = n.healthy, true
	}
	return services
}

// neighbours are the machines of the cluster, as their discovery would find them.
func (n *Node) neighbours() []resource.Resource {
	var facts []resource.Resource
	for _, other := range n.park.nodes {
		if other.config == nil || other.cluster() != n.cluster() {
			continue
		}
		fact := cluster.NewMember(cluster.NamespaceName, other.hostname())
		spec := fact.TypedSpec()
		spec.NodeID, spec.Hostname, spec.MachineType = other.disk.Address, other.hostname(), other.config.Machine().Type()
		spec.OperatingSystem = "Talos (v" + other.disk.Version + ")"
		if address, err := netip.ParseAddr(other.disk.Address); err == nil {
			spec.Addresses = []netip.Addr{address}
		}
		if other.controlPlane() {
			spec.ControlPlane = &cluster.ControlPlane{APIServerPort: 6443}
		}
		facts = append(facts, fact)
	}
	return facts
}
