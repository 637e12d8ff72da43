package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// open lets the API of the machine answer; call it with the lock.
func (n *Node) open() error {
	secure, err := n.security()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", n.disk.Listen)
	if err != nil {
		return err
	}
	n.listener, n.server = listener, newServer(n, secure)
	go n.server.Serve(listener) //nolint:errcheck
	return nil
}

// shut lets the API answer no more.
func (n *Node) shut() {
	if n.server != nil {
		// Stop waits for calls that are under way, and those may wait for the lock.
		go n.server.Stop()
		n.listener.Close()
		n.server = nil
	}
}

// move lets the API answer elsewhere: the machine goes on as it was; call it with the lock.
func (n *Node) move(listen string) {
	if n.disk.Listen == listen {
		return
	}
	n.disk.Listen = listen
	if n.server != nil {
		n.shut()
		n.serve(n.life)
	}
}

var errNoAuthority = errors.New("no control plane of its cluster runs that signs its certificate")

func (n *Node) security() (*tls.Config, error) {
	base := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}}
	if n.config == nil {
		pair, err := selfSigned()
		base.Certificates = []tls.Certificate{pair}
		return base, err
	}
	authority, ok := n.park.authority(n)
	if !ok {
		return nil, errNoAuthority
	}
	host, _, _ := net.SplitHostPort(n.disk.Listen)
	addresses := []net.IP{net.ParseIP(host)}
	if own := net.ParseIP(n.disk.Address); own != nil {
		addresses = append(addresses, own)
	}
	pair, err := serverCertificate(authority, n.disk.Address, addresses...)
	if err != nil {
		return nil, err
	}
	trusted, err := x509.ParseCertificate(authority.Certificate[0])
	if err != nil {
		return nil, err
	}
	base.Certificates, base.ClientAuth, base.ClientCAs = []tls.Certificate{pair}, tls.RequireAndVerifyClientCert, x509.NewCertPool()
	base.ClientCAs.AddCert(trusted)
	return base, nil
}

func newServer(n *Node, secure *tls.Config) *grpc.Server {
	service := &Service{park: n.park}
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(secure)),
		grpc.UnaryInterceptor(n.unary), grpc.StreamInterceptor(n.stream),
	)
	service.register(server)
	return server
}
