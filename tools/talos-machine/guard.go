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
	"google.golang.org/protobuf/reflect/protoregistry"
)

type targetKey struct{}

// targetOf is the machine that a call is for.
func targetOf(ctx context.Context) *Node { return ctx.Value(targetKey{}).(*Node) }

// route finds the machine that a call names, as apid forwards it: the machine that was asked, or another of its cluster.
func (n *Node) route(ctx context.Context, named, method string) (context.Context, error) {
	p := n.park
	p.mu.Lock()
	defer p.mu.Unlock()
	target := n
	if named != "" && named != n.disk.Address {
		other, known := p.nodes[named]
		switch {
		case !n.controlPlane():
			return nil, status.Error(codes.PermissionDenied, "only control planes forward calls")
		case !known || other.phase == "off" || other.phase == "booting":
			return nil, status.Errorf(codes.Unavailable, "connection error: desc = \"transport: Error while dialing: dial tcp %s:50000: connect: no route to host\"", named)
		case other.cluster() != n.cluster():
			return nil, status.Errorf(codes.Unavailable, "connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\"")
		}
		target = other
	}
	if target.config == nil && !inMaintenance(method) {
		return nil, status.Error(codes.Unimplemented, "API is not implemented in maintenance mode")
	}
	if target.config != nil {
		if err := authorize(ctx, method); err != nil {
			return nil, err
		}
	}
	return context.WithValue(ctx, targetKey{}, target), nil
}

// inMaintenance says whether a machine without a configuration answers a call of anybody: internal/app/maintenance/server.go.
func inMaintenance(method string) bool {
	return strings.HasSuffix(method, "/ApplyConfiguration") || strings.HasSuffix(method, "/Disks") || strings.HasPrefix(method, "/cosi.resource.State/")
}

// namedIn are the machines that a call is for; one without a name is for the machine that is asked.
func namedIn(ctx context.Context) []string {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, key := range []string{"node", "nodes"} {
		if values := md.Get(key); len(values) > 0 {
			return values
		}
	}
	return []string{""}
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

// unary asks every machine that a call is for, and puts their answers together, as apid does.
func (n *Node) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	names := namedIn(ctx)
	var all proto.Message
	for _, named := range names {
		response, err := n.ask(ctx, named, request, info, handle)
		if len(names) == 1 {
			return response, err
		}
		if err != nil {
			response = refusal(info.FullMethod, named, err)
		}
		if all == nil {
			all = response
		} else {
			proto.Merge(all, response)
		}
	}
	return all, nil
}

func (n *Node) ask(ctx context.Context, named string, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (proto.Message, error) {
	ctx, err := n.route(ctx, named, info.FullMethod)
	if err != nil {
		return nil, err
	}
	response, err := handle(ctx, request)
	if err != nil {
		return nil, err
	}
	message := response.(proto.Message)
	if named != "" {
		address(message, &common.Metadata{Hostname: named})
	}
	return message, nil
}

// refusal is an answer that says that one of several machines gave none.
func refusal(method, hostname string, err error) proto.Message {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	found, missing := protoregistry.GlobalFiles.FindDescriptorByName(name)
	must(missing)
	kind, missing := protoregistry.GlobalTypes.FindMessageByName(found.(protoreflect.MethodDescriptor).Output().FullName())
	must(missing)
	response := kind.New()
	if field := kind.Descriptor().Fields().ByName("messages"); field != nil {
		response.Mutable(field).List().AppendMutable()
	}
	address(response.Interface(), &common.Metadata{Hostname: hostname, Error: err.Error(), Status: status.Convert(err).Proto()})
	return response.Interface()
}

// address writes into each message of a response which machine it is from, as apid does.
func address(response proto.Message, from *common.Metadata) {
	reflected := response.ProtoReflect()
	field := reflected.Descriptor().Fields().ByName("messages")
	if field == nil || !field.IsList() {
		return
	}
	list := reflected.Mutable(field).List()
	for index := range list.Len() {
		message := list.Get(index).Message()
		if part := message.Descriptor().Fields().ByName("metadata"); part != nil {
			message.Set(part, protoreflect.ValueOfMessage(from.ProtoReflect()))
		}
	}
}

type routedStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s routedStream) Context() context.Context { return s.ctx }

func (n *Node) stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx, err := n.route(stream.Context(), namedIn(stream.Context())[0], info.FullMethod)
	if err != nil {
		return err
	}
	return handle(service, routedStream{stream, ctx})
}
