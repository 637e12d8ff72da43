package main

import (
	"context"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type targetKey struct{}

// targetOf is the machine that a call is for.
func targetOf(ctx context.Context) *Node { return ctx.Value(targetKey{}).(*Node) }

// route finds the machine that a call names, as apid forwards it: the machine that was asked, or another of its cluster.
func (n *Node) route(ctx context.Context, method string) (context.Context, string, error) {
	p := n.park
	p.mu.Lock()
	defer p.mu.Unlock()
	named := namedIn(ctx)
	target := n
	if named != "" && named != n.disk.Address {
		other, known := p.nodes[named]
		switch {
		case !n.controlPlane():
			return nil, "", status.Error(codes.PermissionDenied, "only control planes forward calls")
		case !known || other.phase == "off" || other.phase == "booting":
			return nil, "", status.Errorf(codes.Unavailable, "connection error: desc = \"transport: Error while dialing: dial tcp %s:50000: connect: no route to host\"", named)
		case other.cluster() != n.cluster():
			return nil, "", status.Errorf(codes.Unavailable, "connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\"")
		}
		target = other
	}
	if target.config == nil && !strings.HasSuffix(method, "/ApplyConfiguration") && !strings.HasSuffix(method, "/Disks") {
		return nil, "", status.Error(codes.Unimplemented, "API is not implemented in maintenance mode")
	}
	if target.config != nil {
		if err := authorize(ctx, method); err != nil {
			return nil, "", err
		}
	}
	return context.WithValue(ctx, targetKey{}, target), named, nil
}

func namedIn(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, key := range []string{"node", "nodes"} {
		if values := md.Get(key); len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// authorize asks for the role that the client's certificate has.
func authorize(ctx context.Context, method string) error {
	remote, _ := peer.FromContext(ctx)
	info, secure := remote.AuthInfo.(credentials.TLSInfo)
	if !secure || len(info.State.PeerCertificates) == 0 {
		return status.Error(codes.Unauthenticated, "client certificate is missing")
	}
	roles, _ := role.Parse(info.State.PeerCertificates[0].Subject.Organization)
	if roles.Includes(role.Admin) || (roles.Includes(role.EtcdBackup) && method == machine.MachineService_EtcdSnapshot_FullMethodName) {
		return nil
	}
	return status.Error(codes.PermissionDenied, "not authorized")
}

func (n *Node) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, named, err := n.route(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	response, err := handle(ctx, request)
	if message, ok := response.(proto.Message); ok && err == nil && named != "" {
		address(message, named)
	}
	return response, err
}

// address writes into each message of a response which machine it is from, as apid does.
func address(response proto.Message, hostname string) {
	reflected := response.ProtoReflect()
	field := reflected.Descriptor().Fields().ByName("messages")
	if field == nil || !field.IsList() {
		return
	}
	list := reflected.Mutable(field).List()
	for index := range list.Len() {
		message := list.Get(index).Message()
		if part := message.Descriptor().Fields().ByName("metadata"); part != nil {
			message.Set(part, protoreflect.ValueOfMessage((&common.Metadata{Hostname: hostname}).ProtoReflect()))
		}
	}
}

type routedStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s routedStream) Context() context.Context { return s.ctx }

func (n *Node) stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx, _, err := n.route(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return handle(service, routedStream{stream, ctx})
}
