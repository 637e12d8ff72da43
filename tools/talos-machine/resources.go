package main

import (
	"context"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/cosi-project/runtime/pkg/state/registry"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Resources are what `talosctl get` shows of a machine: its configuration and its type.
type Resources struct {
	state  state.State
	server *server.State
}

func newResources(n *Node) *Resources {
	ctx := context.Background()
	core := state.WrapCore(namespaced.NewState(inmem.Build))
	namespaces, kinds := registry.NewNamespaceRegistry(core), registry.NewResourceRegistry(core)
	must(namespaces.RegisterDefault(ctx))
	must(kinds.RegisterDefault(ctx))
	must(namespaces.Register(ctx, config.NamespaceName, "Talos node configuration."))
	for _, kind := range []meta.ResourceWithRD{&config.MachineConfig{}, &config.MachineType{}} {
		must(kinds.Register(ctx, kind))
	}
	resources := &Resources{state: core, server: server.NewState(core)}
	resources.show(n)
	return resources
}

// show makes the machine's configuration visible as it is now.
func (r *Resources) show(n *Node) {
	if n.config == nil {
		return
	}
	ctx := context.Background()
	active, kind := config.NewMachineConfig(n.config), config.NewMachineType()
	kind.SetMachineType(n.config.Machine().Type())
	must(ignoreMissing(r.state.Destroy(ctx, active.Metadata())))
	must(ignoreMissing(r.state.Destroy(ctx, kind.Metadata())))
	must(r.state.Create(ctx, active))
	must(r.state.Create(ctx, kind))
}

func ignoreMissing(err error) error {
	if state.IsNotFoundError(err) {
		return nil
	}
	return err
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// StateService reads the resources of the machine that a call is for. Nobody writes them over the network, as in Talos.
type StateService struct {
	v1alpha1.UnimplementedStateServer
}

// Get implements v1alpha1.StateServer.
func (StateService) Get(ctx context.Context, request *v1alpha1.GetRequest) (*v1alpha1.GetResponse, error) {
	resources, err := resourcesOf(ctx)
	if err != nil {
		return nil, err
	}
	return resources.Get(ctx, request)
}

// List implements v1alpha1.StateServer.
func (StateService) List(request *v1alpha1.ListRequest, stream v1alpha1.State_ListServer) error {
	resources, err := resourcesOf(stream.Context())
	if err != nil {
		return err
	}
	return resources.List(request, stream)
}

// Watch implements v1alpha1.StateServer.
func (StateService) Watch(request *v1alpha1.WatchRequest, stream v1alpha1.State_WatchServer) error {
	resources, err := resourcesOf(stream.Context())
	if err != nil {
		return err
	}
	return resources.Watch(request, stream)
}

func resourcesOf(ctx context.Context) (*server.State, error) {
	n := targetOf(ctx)
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	if n.resources == nil {
		return nil, status.Error(codes.Unavailable, "the machine is going down")
	}
	return n.resources.server, nil
}
