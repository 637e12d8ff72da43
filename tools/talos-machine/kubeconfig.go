package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/base64"
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Kubeconfig implements machine.MachineServiceServer.
func (s *Service) Kubeconfig(_ *emptypb.Empty, stream machine.MachineService_KubeconfigServer) error {
	text, err := with(stream.Context(), kubeconfig)
	if err != nil {
		return err
	}
	var buffer bytes.Buffer
	zipped := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(zipped)
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "kubeconfig", Size: int64(len(text)), Mode: 0o600}); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := zipped.Close(); err != nil {
		return err
	}
	return stream.Send(&common.Data{Bytes: buffer.Bytes()})
}

// kubeconfig is an administrator's, signed by the cluster's own authority; its server is the real API server where one is known.
func kubeconfig(n *Node) ([]byte, error) {
	if !n.controlPlane() {
		return nil, status.Error(codes.Unimplemented, "kubeconfig is only available on control plane nodes")
	}
	issuer := n.config.Cluster().IssuingCA()
	authority, err := tls.X509KeyPair(issuer.Crt, issuer.Key)
	if err != nil {
		return nil, err
	}
	crt, key, err := administrator(authority)
	if err != nil {
		return nil, err
	}
	name, base64 := n.config.Cluster().Name(), base64.StdEncoding.EncodeToString
	server, known := n.park.saved.Kubernetes[name]
	if !known {
		server = n.config.Cluster().Endpoint().String()
	}
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: %[1]s
  cluster:
    server: %[2]s
    certificate-authority-data: %[3]s
users:
- name: admin@%[1]s
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
contexts:
- context:
    cluster: %[1]s
    namespace: default
    user: admin@%[1]s
  name: admin@%[1]s
current-context: admin@%[1]s
`, name, server, base64(issuer.Crt), base64(crt), base64(key)), nil
}
