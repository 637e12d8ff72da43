package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sort"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Bootstrap implements machine.MachineServiceServer: once, because nodes that join fill their data directories too.
func (s *Service) Bootstrap(ctx context.Context, _ *machine.BootstrapRequest) (*machine.BootstrapResponse, error) {
	return with(ctx, func(n *Node) (*machine.BootstrapResponse, error) {
		if !n.controlPlane() {
			return nil, status.Error(codes.FailedPrecondition, "bootstrap can only be performed on a control plane node")
		}
		if n.disk.Member != 0 {
			return nil, status.Error(codes.AlreadyExists, "etcd data directory is not empty")
		}
		n.park.note(n.disk.Address, "bootstrap")
		n.join()
		return &machine.BootstrapResponse{Messages: []*machine.Bootstrap{{}}}, nil
	})
}

// member is the machine when its etcd runs; call it with the lock.
func member(n *Node, call string) error {
	if !n.controlPlane() {
		return status.Errorf(codes.Unimplemented, "%s is only available on control plane nodes", call)
	}
	if !n.healthy {
		return status.Error(codes.Unknown, "failed to create etcd client: error building etcd client: context deadline exceeded")
	}
	return nil
}

// EtcdMemberList implements machine.MachineServiceServer.
func (s *Service) EtcdMemberList(ctx context.Context, _ *machine.EtcdMemberListRequest) (*machine.EtcdMemberListResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdMemberListResponse, error) {
		if err := member(n, "member list"); err != nil {
			return nil, err
		}
		list := &machine.EtcdMembers{}
		for _, other := range n.park.members(n.cluster()) {
			list.Members = append(list.Members, &machine.EtcdMember{
				Id: other.disk.Member, Hostname: other.hostname(),
				PeerUrls:   []string{fmt.Sprintf("https://%s:2380", other.disk.Address)},
				ClientUrls: []string{fmt.Sprintf("https://%s:2379", other.disk.Address)},
			})
		}
		sort.Slice(list.Members, func(a, b int) bool { return list.Members[a].Hostname < list.Members[b].Hostname })
		return &machine.EtcdMemberListResponse{Messages: []*machine.EtcdMembers{list}}, nil
	})
}

// EtcdStatus implements machine.MachineServiceServer.
func (s *Service) EtcdStatus(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdStatusResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdStatusResponse, error) {
		if err := member(n, "etcd status"); err != nil {
			return nil, err
		}
		revision := n.etcd().Revision
		leader := uint64(0)
		for _, other := range n.park.members(n.cluster()) {
			if other.healthy {
				leader = max(leader, other.disk.Member)
			}
		}
		state := &machine.EtcdMemberStatus{
			MemberId: n.disk.Member, Leader: leader, ProtocolVersion: "3.6.6", StorageVersion: "3.6.0",
			RaftIndex: revision, RaftAppliedIndex: revision, RaftTerm: 1, DbSize: 32768, DbSizeInUse: 16384,
		}
		return &machine.EtcdStatusResponse{Messages: []*machine.EtcdStatus{{MemberStatus: state}}}, nil
	})
}

// EtcdForfeitLeadership implements machine.MachineServiceServer.
func (s *Service) EtcdForfeitLeadership(ctx context.Context, _ *machine.EtcdForfeitLeadershipRequest) (*machine.EtcdForfeitLeadershipResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdForfeitLeadershipResponse, error) {
		return &machine.EtcdForfeitLeadershipResponse{Messages: []*machine.EtcdForfeitLeadership{{}}}, member(n, "etcd forfeit leadership")
	})
}

// EtcdLeaveCluster implements machine.MachineServiceServer.
func (s *Service) EtcdLeaveCluster(ctx context.Context, _ *machine.EtcdLeaveClusterRequest) (*machine.EtcdLeaveClusterResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdLeaveClusterResponse, error) {
		if err := member(n, "etcd leave"); err != nil {
			return nil, err
		}
		n.leave()
		return &machine.EtcdLeaveClusterResponse{Messages: []*machine.EtcdLeaveCluster{{}}}, nil
	})
}

// EtcdAlarmList implements machine.MachineServiceServer: these databases are never full.
func (s *Service) EtcdAlarmList(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdAlarmListResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdAlarmListResponse, error) {
		return &machine.EtcdAlarmListResponse{Messages: []*machine.EtcdAlarm{{}}}, member(n, "etcd alarm list")
	})
}

// EtcdDefragment implements machine.MachineServiceServer.
func (s *Service) EtcdDefragment(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdDefragmentResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdDefragmentResponse, error) {
		return &machine.EtcdDefragmentResponse{Messages: []*machine.EtcdDefragment{{}}}, member(n, "etcd defragment")
	})
}

// EtcdRemoveMemberByID implements machine.MachineServiceServer.
func (s *Service) EtcdRemoveMemberByID(ctx context.Context, request *machine.EtcdRemoveMemberByIDRequest) (*machine.EtcdRemoveMemberByIDResponse, error) {
	return with(ctx, func(n *Node) (*machine.EtcdRemoveMemberByIDResponse, error) {
		if err := member(n, "etcd remove member"); err != nil {
			return nil, err
		}
		for _, other := range n.park.members(n.cluster()) {
			if other.disk.Member == request.MemberId {
				other.leave()
				return &machine.EtcdRemoveMemberByIDResponse{Messages: []*machine.EtcdRemoveMemberByID{{}}}, nil
			}
		}
		return nil, status.Error(codes.NotFound, "etcdserver: member not found")
	})
}

// EtcdSnapshot implements machine.MachineServiceServer.
func (s *Service) EtcdSnapshot(_ *machine.EtcdSnapshotRequest, stream machine.MachineService_EtcdSnapshotServer) error {
	content, err := with(stream.Context(), func(n *Node) ([]byte, error) {
		if err := member(n, "etcd snapshot"); err != nil {
			return nil, err
		}
		etcd := n.etcd()
		etcd.Revision++
		keys := map[string]string{}
		for _, other := range n.park.members(n.cluster()) {
			keys["/registry/minions/"+other.disk.Address] = other.disk.Version
		}
		content, err := snapshot(n.park.Directory, etcd.Revision, keys)
		if err != nil {
			return nil, err
		}
		n.park.note(n.disk.Address, "etcd snapshot, %d bytes, sha256 %x", len(content), sha256.Sum256(content))
		if n.disk.Faults.Corrupt {
			n.disk.Faults.Corrupt = false
			n.park.note(n.disk.Address, "the snapshot is damaged on its way")
			damage(content)
		}
		return content, nil
	})
	if err != nil {
		return err
	}
	for start := 0; start < len(content); start += 32 * 1024 {
		if err := stream.Send(&common.Data{Bytes: content[start:min(start+32*1024, len(content))]}); err != nil {
			return err
		}
	}
	return nil
}
