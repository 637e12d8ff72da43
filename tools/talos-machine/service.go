package main

import (
	"context"
	"net/http"
	"regexp"
	"sort"

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

// ServiceList implements machine.MachineServiceServer.
func (s *Service) ServiceList(ctx context.Context, _ *emptypb.Empty) (*machine.ServiceListResponse, error) {
	return with(ctx, func(n *Node) (*machine.ServiceListResponse, error) {
		list := &machine.ServiceList{}
		for id, healthy := range n.services() {
			list.Services = append(list.Services, &machine.ServiceInfo{
				Id: id, State: "Running", Events: &machine.ServiceEvents{}, Health: &machine.ServiceHealth{Healthy: healthy},
			})
		}
		sort.Slice(list.Services, func(a, b int) bool { return list.Services[a].Id < list.Services[b].Id })
		return &machine.ServiceListResponse{Messages: []*machine.ServiceList{list}}, nil
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
	go targetOf(ctx).run(actor, Sequence{kind: "reboot", does: "reboot"})
	return &machine.RebootResponse{Messages: []*machine.Reboot{{ActorId: actor}}}, nil
}

// Shutdown implements machine.MachineServiceServer: the machine is off until its hypervisor starts it.
func (s *Service) Shutdown(ctx context.Context, request *machine.ShutdownRequest) (*machine.ShutdownResponse, error) {
	actor := uuid.NewString()
	go targetOf(ctx).run(actor, Sequence{
		kind: "shutdown", does: "shutdown", drain: !request.Force, awaited: true,
		change: func(disk *Disk) { disk.Power = false },
	})
	return &machine.ShutdownResponse{Messages: []*machine.Shutdown{{ActorId: actor}}}, nil
}

// Rollback implements machine.MachineServiceServer: the next boot is from the other slot.
func (s *Service) Rollback(ctx context.Context, _ *machine.RollbackRequest) (*machine.RollbackResponse, error) {
	_, err := with(ctx, func(n *Node) (bool, error) {
		if n.disk.Previous == nil {
			return false, status.Error(codes.Unknown, "cannot rollback to \"\", label does not exist")
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	go targetOf(ctx).run(uuid.NewString(), Sequence{
		kind: "reboot", does: "rollback",
		change: func(disk *Disk) { disk.Pending = disk.Previous },
	})
	return &machine.RollbackResponse{Messages: []*machine.Rollback{{}}}, nil
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
		return true, n.spareable()
	})
	if err != nil {
		return nil, err
	}
	actor, n := uuid.NewString(), targetOf(ctx)
	go n.run(actor, Sequence{
		kind: "upgrade", does: "upgrade to " + found[1], drain: true,
		prepare: func() error { return preflight(n.disk.Version, found[1]) },
		change:  func(disk *Disk) { disk.Pending = &System{Version: found[1], Image: request.Image} },
	})
	return &machine.UpgradeResponse{Messages: []*machine.Upgrade{{Ack: "Upgrade request received", ActorId: actor}}}, nil
}

// spareable says why etcd could lose its quorum; call it with the lock. As Talos: internal/pkg/etcd/etcd.go, ValidateForUpgrade.
func (n *Node) spareable() error {
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
	actor, n := uuid.NewString(), targetOf(ctx)
	go n.run(actor, Sequence{
		kind: "reset", does: "reset", drain: request.Graceful, awaited: true,
		prepare: func() error {
			if request.Graceful && n.disk.Member != 0 && len(n.park.members(n.cluster())) > 1 {
				n.leave()
			}
			return nil
		},
		change: func(disk *Disk) {
			*disk = Disk{Address: disk.Address, Listen: disk.Listen, Power: disk.Power && request.Reboot, System: System{Version: n.park.Release}}
			n.load()
		},
	})
	return &machine.ResetResponse{Messages: []*machine.Reset{{ActorId: actor}}}, nil
}

// leave takes the machine out of etcd; call it with the lock.
func (n *Node) leave() {
	n.disk.Member, n.healthy = 0, false
	n.etcd().Revision++
	n.park.note(n.disk.Address, "left etcd")
}
