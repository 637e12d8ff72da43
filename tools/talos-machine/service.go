package main

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/google/uuid"
	"github.com/siderolabs/talos/pkg/machinery/api/cluster"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/api/storage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Service answers for the machine that each call is for. What it does not answer, it says it does not implement.
type Service struct {
	machine.UnimplementedMachineServiceServer
	park *Park
}

func (s *Service) register(server *grpc.Server) {
	machine.RegisterMachineServiceServer(server, s)
	cluster.RegisterClusterServiceServer(server, &ClusterService{park: s.park})
	storage.RegisterStorageServiceServer(server, StorageService{})
	v1alpha1.RegisterStateServer(server, StateService{})
}

// with runs something on the machine that a call is for, under the lock.
func with[T any](ctx context.Context, work func(*Node) (T, error)) (T, error) {
	n := targetOf(ctx)
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	return work(n)
}

// Version implements machine.MachineServiceServer.
func (s *Service) Version(ctx context.Context, _ *emptypb.Empty) (*machine.VersionResponse, error) {
	return with(ctx, func(n *Node) (*machine.VersionResponse, error) {
		version := &machine.Version{
			Version:  &machine.VersionInfo{Tag: "v" + n.disk.Version, Os: "linux", Arch: "amd64"},
			Platform: &machine.PlatformInfo{Name: "nocloud", Mode: "cloud"},
			Features: &machine.FeaturesInfo{Rbac: true},
		}
		return &machine.VersionResponse{Messages: []*machine.Version{version}}, nil
	})
}

// Read implements machine.MachineServiceServer, for the one file that talosctl reads to see a reboot.
func (s *Service) Read(request *machine.ReadRequest, stream machine.MachineService_ReadServer) error {
	if request.Path != "/proc/sys/kernel/random/boot_id" {
		return status.Errorf(codes.NotFound, "%s: these machines have no such file", request.Path)
	}
	id, err := with(stream.Context(), func(n *Node) (string, error) { return n.disk.BootID, nil })
	if err != nil {
		return err
	}
	return stream.Send(&common.Data{Bytes: []byte(id + "\n")})
}

// Events implements machine.MachineServiceServer.
func (s *Service) Events(request *machine.EventsRequest, stream machine.MachineService_EventsServer) error {
	events, err := with(stream.Context(), func(n *Node) (*Events, error) { return n.events, nil })
	if err != nil {
		return err
	}
	// So that the client knows that it is listening.
	if err := stream.Send(event(request.WithActorId, &emptypb.Empty{})); err != nil {
		return err
	}
	index := events.count()
	if request.TailEvents != 0 {
		index = 0
	}
	for {
		more, changed, closed := events.after(index)
		index += len(more)
		for _, event := range more {
			if err := stream.Send(event); err != nil {
				return err
			}
		}
		if closed {
			return status.Error(codes.Unavailable, http.StatusText(http.StatusServiceUnavailable))
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// Reboot implements machine.MachineServiceServer.
func (s *Service) Reboot(ctx context.Context, _ *machine.RebootRequest) (*machine.RebootResponse, error) {
	actor := uuid.NewString()
	go targetOf(ctx).restart(actor, "reboot", func(*Disk) {})
	return &machine.RebootResponse{Messages: []*machine.Reboot{{ActorId: actor}}}, nil
}

var installerImage = regexp.MustCompile(`^[^\s:]+(?::\d+)?(?:/[^\s:]+)+:v(\d+\.\d+\.\d+[^\s@]*)$`)

// Upgrade implements machine.MachineServiceServer: what Talos checks first, then a boot into the other version.
func (s *Service) Upgrade(ctx context.Context, request *machine.UpgradeRequest) (*machine.UpgradeResponse, error) {
	found := installerImage.FindStringSubmatch(request.Image)
	if found == nil {
		return nil, status.Errorf(codes.Unknown, "error validating installer image %q: not found", request.Image)
	}
	_, err := with(ctx, func(n *Node) (bool, error) {
		if !n.controlPlane() || request.Force {
			return true, nil
		}
		return true, n.upgradable()
	})
	if err != nil {
		return nil, err
	}
	actor := uuid.NewString()
	go targetOf(ctx).restart(actor, "upgrade to "+found[1], func(disk *Disk) { disk.Pending, disk.Image = found[1], request.Image })
	return &machine.UpgradeResponse{Messages: []*machine.Upgrade{{Ack: "Upgrade request received", ActorId: actor}}}, nil
}

// upgradable says why etcd could lose its quorum; call it with the lock. As Talos: internal/pkg/etcd/etcd.go, ValidateForUpgrade.
func (n *Node) upgradable() error {
	members := n.park.members(n.cluster())
	if len(members) == 2 {
		return status.Error(codes.Unknown, "error validating etcd for upgrade: etcd member count(2) is insufficient to maintain quorum if upgrade commences")
	}
	for _, member := range members {
		if !member.healthy {
			return status.Errorf(codes.Unknown, "error validating etcd for upgrade: etcd member %016x is not healthy; all members must be healthy to perform an upgrade", member.disk.Member)
		}
	}
	return nil
}

// Reset implements machine.MachineServiceServer: the machine leaves etcd when it should, and starts over in maintenance mode.
func (s *Service) Reset(ctx context.Context, request *machine.ResetRequest) (*machine.ResetResponse, error) {
	n := targetOf(ctx)
	_, err := with(ctx, func(n *Node) (bool, error) {
		if request.Graceful && n.disk.Member != 0 && len(n.park.members(n.cluster())) > 1 {
			n.leave()
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	actor := uuid.NewString()
	go n.restart(actor, "reset", func(disk *Disk) {
		disk.Config, disk.Staged, disk.Member, disk.Version = "", "", 0, n.park.Release
		disk.Power = disk.Power && request.Reboot
	})
	return &machine.ResetResponse{Messages: []*machine.Reset{{ActorId: actor}}}, nil
}

// leave takes the machine out of etcd; call it with the lock.
func (n *Node) leave() {
	n.disk.Member, n.healthy = 0, false
	n.park.etcd(n.cluster()).Revision++
	n.park.note(n.disk.Address, "left etcd")
}

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
