package main

import (
	"sort"
	"strings"
)

// View is everything as the control socket shows it: nothing secret.
type View struct {
	Machines []MachineView `json:"machines"`
	Clusters []ClusterView `json:"clusters"`
	Journal  []Entry       `json:"journal"`
}

// MachineView is a machine.
type MachineView struct {
	Address string `json:"address"`
	Listen  string `json:"listen"`
	Phase   string `json:"phase"`
	// Problem is why its API does not answer although it has booted.
	Problem  string `json:"problem,omitempty"`
	Hostname string `json:"hostname,omitempty"`
	Cluster  string `json:"cluster,omitempty"`
	Type     string `json:"type,omitempty"`
	Version  string `json:"version"`
	Image    string `json:"image,omitempty"`
	Kubelet  string `json:"kubelet,omitempty"`
	// Pods are the static ones of a control plane.
	Pods     []PodView `json:"pods,omitempty"`
	Member   bool      `json:"member"`
	Ready    bool      `json:"ready"`
	Cordoned bool      `json:"cordoned"`
}

// PodView is a static pod as Talos would have the kubelet run it.
type PodView struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// Config is the version of its configuration, which Talos annotates the pod with.
	Config string `json:"config"`
}

// ClusterView is a cluster, by the machines that have its secrets.
type ClusterView struct {
	Name string `json:"name"`
	// Bootstrapped says whether its etcd has members.
	Bootstrapped bool `json:"bootstrapped"`
	// Members are the addresses of those.
	Members    []string `json:"members"`
	Kubernetes string   `json:"kubernetes,omitempty"`
	Revision   uint64   `json:"revision"`
	MostAtOnce int      `json:"mostAtOnce"`
	QuorumLost int      `json:"quorumLost"`
}

func (p *Park) view() View {
	p.mu.Lock()
	defer p.mu.Unlock()
	view := View{Machines: []MachineView{}, Clusters: []ClusterView{}, Journal: p.saved.Journal}
	for _, node := range p.nodes {
		view.Machines = append(view.Machines, node.view())
	}
	sort.Slice(view.Machines, func(a, b int) bool { return view.Machines[a].Address < view.Machines[b].Address })
	for id, etcd := range p.saved.Clusters {
		members := []string{}
		for _, member := range p.members(id) {
			members = append(members, member.disk.Address)
		}
		sort.Strings(members)
		view.Clusters = append(view.Clusters, ClusterView{
			Name: etcd.Name, Bootstrapped: len(members) > 0, Members: members, Kubernetes: p.saved.Kubernetes[etcd.Name],
			Revision: etcd.Revision, MostAtOnce: etcd.MostAtOnce, QuorumLost: etcd.QuorumLost,
		})
	}
	sort.Slice(view.Clusters, func(a, b int) bool { return view.Clusters[a].Name < view.Clusters[b].Name })
	return view
}

func (n *Node) view() MachineView {
	view := MachineView{
		Address: n.disk.Address, Listen: n.disk.Listen, Phase: n.phase, Problem: n.problem, Version: n.disk.Version, Image: n.disk.Image,
		Member: n.disk.Member != 0, Ready: n.ready, Cordoned: n.disk.Cordoned,
	}
	if n.config == nil {
		return view
	}
	view.Hostname, view.Cluster, view.Type = n.hostname(), n.config.Cluster().Name(), n.config.Machine().Type().String()
	view.Kubelet = tag(n.config.Machine().Kubelet().Image())
	if n.controlPlane() && n.resources != nil {
		view.Pods = n.resources.pods()
	}
	return view
}

// hostname is what the machine calls itself; its address when its configuration does not say; call it with the lock.
func (n *Node) hostname() string {
	if named := n.config.NetworkHostnameConfig(); named != nil && named.Hostname() != "" {
		return named.Hostname()
	}
	return n.disk.Address
}

// tag is the version that an image is of. Talos publishes kubelets of two sizes.
func tag(image string) string {
	version := strings.TrimPrefix(image[strings.LastIndex(image, ":")+1:], "v")
	return strings.TrimSuffix(strings.TrimSuffix(version, "-slim"), "-fat")
}
