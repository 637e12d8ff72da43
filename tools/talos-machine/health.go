package main

import (
	"context"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/cluster"
	"github.com/siderolabs/talos/pkg/machinery/api/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// StorageService says which disks there are: talosctl asks that of a machine it has reset, to see that it is in maintenance mode.
type StorageService struct {
	storage.UnimplementedStorageServiceServer
}

// Disks implements storage.StorageServiceServer.
func (StorageService) Disks(context.Context, *emptypb.Empty) (*storage.DisksResponse, error) {
	disk := &storage.Disk{DeviceName: "/dev/sda", Size: 34359738368, SystemDisk: true}
	return &storage.DisksResponse{Messages: []*storage.Disks{{Disks: []*storage.Disk{disk}}}}, nil
}

// ClusterService checks the health of a cluster as far as these machines have any: nothing about Kubernetes.
type ClusterService struct {
	cluster.UnimplementedClusterServiceServer
	park *Park
}

// HealthCheck implements cluster.ClusterServiceServer.
func (s *ClusterService) HealthCheck(request *cluster.HealthCheckRequest, stream cluster.ClusterService_HealthCheckServer) error {
	ctx, cancel := context.WithTimeout(stream.Context(), request.WaitTimeout.AsDuration())
	defer cancel()
	own := targetOf(stream.Context())
	for last := ""; ; {
		reason := s.unhealthy(own, request.ClusterInfo)
		if reason == "" {
			reason = "OK"
		}
		if reason != last {
			if err := stream.Send(&cluster.HealthCheckProgress{Message: "waiting for etcd and all nodes to be healthy: " + reason}); err != nil {
				return err
			}
		}
		if last = reason; reason == "OK" {
			return nil
		}
		select {
		case <-ctx.Done():
			return status.Error(codes.DeadlineExceeded, "context deadline exceeded")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *ClusterService) unhealthy(own *Node, info *cluster.ClusterInfo) string {
	s.park.mu.Lock()
	defer s.park.mu.Unlock()
	name := own.cluster()
	var waiting []string
	for _, address := range append(append([]string{}, info.GetControlPlaneNodes()...), info.GetWorkerNodes()...) {
		if node, known := s.park.nodes[address]; !known || !node.ready || node.cluster() != name {
			waiting = append(waiting, address)
		}
	}
	for _, member := range s.park.members(name) {
		if !member.healthy {
			waiting = append(waiting, "etcd on "+member.disk.Address)
		}
	}
	if len(waiting) == 0 && !s.park.quorum(name) {
		return "etcd has no quorum"
	}
	return strings.Join(waiting, ", ")
}
