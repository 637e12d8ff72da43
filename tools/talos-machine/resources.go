package main

import (
	"context"
	"reflect"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/cosi-project/runtime/pkg/state/registry"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
)

// Resources are what `talosctl get` shows of one life of a machine.
type Resources struct {
	state  state.State
	server *server.State
	shown  map[string]resource.Pointer
}

var resourceKinds = []meta.ResourceWithRD{
	&config.MachineConfig{}, &config.MachineType{}, &cluster.Member{}, &network.HostnameStatus{},
	&runtime.MachineStatus{}, &runtime.ExtensionStatus{}, &v1alpha1.Service{},
	&k8s.APIServerConfig{}, &k8s.ControllerManagerConfig{}, &k8s.SchedulerConfig{}, &k8s.KubeletSpec{}, &k8s.Manifest{}, &k8s.StaticPod{},
}

func newResources() *Resources {
	ctx := context.Background()
	core := state.WrapCore(namespaced.NewState(inmem.Build))
	namespaces, kinds := registry.NewNamespaceRegistry(core), registry.NewResourceRegistry(core)
	must(namespaces.RegisterDefault(ctx))
	must(kinds.RegisterDefault(ctx))
	for _, name := range []string{
		config.NamespaceName, cluster.NamespaceName, network.NamespaceName, v1alpha1.NamespaceName, k8s.NamespaceName, k8s.ControlPlaneNamespaceName,
	} {
		must(namespaces.Register(ctx, name, ""))
	}
	for _, kind := range resourceKinds {
		must(kinds.Register(ctx, kind))
	}
	return &Resources{state: core, server: server.NewState(core), shown: map[string]resource.Pointer{}}
}

// show makes visible what is so now; who watches sees what changed. Call it with the lock of the park.
func (r *Resources) show(facts []resource.Resource) {
	gone := r.shown
	r.shown = map[string]resource.Pointer{}
	for _, fact := range facts {
		key := fact.Metadata().String()
		r.put(fact)
		delete(gone, key)
		r.shown[key] = fact.Metadata()
	}
	for _, pointer := range gone {
		must(r.state.Destroy(context.Background(), pointer))
	}
}

func (r *Resources) put(fact resource.Resource) {
	ctx := context.Background()
	current, err := r.state.Get(ctx, fact.Metadata())
	if state.IsNotFoundError(err) {
		must(r.state.Create(ctx, fact))
		return
	}
	must(err)
	if !reflect.DeepEqual(current.Spec(), fact.Spec()) {
		fact.Metadata().SetVersion(current.Metadata().Version())
		must(r.state.Update(ctx, fact))
	}
}

// pods are the static pods with the versions of their configurations.
func (r *Resources) pods() []PodView {
	var pods []PodView
	for _, pod := range staticPods {
		if found, err := r.state.Get(context.Background(), pod.resource("").Metadata()); err == nil {
			pods = append(pods, PodView{Name: pod.name, Image: imageOf(found), Config: found.Metadata().Version().String()})
		}
	}
	return pods
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
