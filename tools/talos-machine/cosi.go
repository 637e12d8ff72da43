package main

import (
	"context"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

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
	// What is known of other machines changes without notice.
	n.show()
	return n.resources.server, nil
}
