package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"log"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Node is a machine that may be on. The lock of its park guards it.
type Node struct {
	park *Park
	disk *Disk
	// off, booting, maintenance, running
	phase string
	// healthy says that its etcd takes part in the quorum.
	healthy bool
	ready   bool
	// life changes whenever the machine goes down, so that what was under way for the old life ends.
	life      int
	config    config.Provider
	server    *grpc.Server
	listener  net.Listener
	events    *Events
	resources *Resources
}

func (n *Node) cluster() string {
	if n.config == nil {
		return ""
	}
	return n.config.Cluster().ID()
}

func (n *Node) controlPlane() bool {
	return n.config != nil && n.config.Machine().Type().IsControlPlane()
}

// start switches the machine on; call it with the lock.
func (n *Node) start() {
	n.phase = "booting"
	n.life++
	if n.disk.Pending != "" {
		n.disk.Version, n.disk.Pending = n.disk.Pending, ""
	}
	if n.disk.Staged != "" {
		n.disk.Config, n.disk.Staged = n.disk.Staged, ""
	}
	n.disk.BootID = uuid.NewString()
	n.load()
	n.events = newEvents()
	life := n.life
	time.AfterFunc(n.park.Boot, func() { n.serve(life) })
}

func (n *Node) load() {
	n.config = nil
	if n.disk.Config == "" {
		return
	}
	provider, err := configloader.NewFromBytes([]byte(n.disk.Config))
	if err != nil {
		log.Println(n.disk.Address, "its configuration is unreadable:", err)
		return
	}
	n.config = provider
}

// serve lets the machine's API answer once it has booted; again and again until a certificate can be had.
func (n *Node) serve(life int) {
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	if n.life != life {
		return
	}
	secure, ok := n.security()
	if !ok {
		time.AfterFunc(100*time.Millisecond, func() { n.serve(life) })
		return
	}
	listener, err := net.Listen("tcp", n.disk.Listen)
	if err != nil {
		log.Println(n.disk.Address, "cannot listen:", err)
		time.AfterFunc(100*time.Millisecond, func() { n.serve(life) })
		return
	}
	n.listener = listener
	n.resources = newResources(n)
	n.server = newServer(n, secure)
	n.phase = "running"
	if n.config == nil {
		n.phase = "maintenance"
	}
	n.park.note(n.disk.Address, "%s, Talos %s", n.phase, n.disk.Version)
	go n.server.Serve(listener) //nolint:errcheck
	if n.config != nil {
		time.AfterFunc(n.park.Settle, func() { n.settle(life) })
	}
}

func (n *Node) security() (*tls.Config, bool) {
	base := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}}
	if n.config == nil {
		pair, err := selfSigned()
		base.Certificates = []tls.Certificate{pair}
		return base, err == nil
	}
	authority, ok := n.park.authority(n)
	if !ok {
		return nil, false
	}
	host, _, _ := net.SplitHostPort(n.disk.Listen)
	addresses := []net.IP{net.ParseIP(host)}
	if own := net.ParseIP(n.disk.Address); own != nil {
		addresses = append(addresses, own)
	}
	pair, err := serverCertificate(authority, n.disk.Address, addresses...)
	if err != nil {
		return nil, false
	}
	trusted, err := x509.ParseCertificate(authority.Certificate[0])
	if err != nil {
		return nil, false
	}
	base.Certificates, base.ClientAuth, base.ClientCAs = []tls.Certificate{pair}, tls.RequireAndVerifyClientCert, x509.NewCertPool()
	base.ClientCAs.AddCert(trusted)
	return base, true
}

// settle lets etcd become healthy, or join; until it can, it tries again.
func (n *Node) settle(life int) {
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	if n.life != life || n.phase != "running" {
		return
	}
	if n.controlPlane() && n.disk.Member == 0 && n.park.quorum(n.cluster()) {
		n.join()
	}
	if n.controlPlane() {
		n.healthy = n.disk.Member != 0 && !n.disk.Sick
	}
	if !n.controlPlane() || n.healthy {
		if !n.ready {
			n.ready = true
			n.park.note(n.disk.Address, "ready")
		}
		n.events.send("", machineStatus(machine.MachineStatusEvent_RUNNING, true))
		return
	}
	n.events.send("", machineStatus(machine.MachineStatusEvent_BOOTING, false))
	time.AfterFunc(100*time.Millisecond, func() { n.settle(life) })
}

func machineStatus(stage machine.MachineStatusEvent_MachineStage, ready bool) *machine.MachineStatusEvent {
	message := &machine.MachineStatusEvent{Stage: stage, Status: &machine.MachineStatusEvent_MachineStatus{Ready: ready}}
	if !ready {
		message.Status.UnmetConditions = []*machine.MachineStatusEvent_MachineStatus_UnmetCondition{{Name: "services", Reason: "etcd is not healthy"}}
	}
	return message
}

// join makes the machine a member of etcd; call it with the lock.
func (n *Node) join() {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err)
	}
	n.disk.Member = binary.BigEndian.Uint64(id[:])
	n.park.etcd(n.cluster()).Revision++
	n.park.note(n.disk.Address, "joined etcd")
}

// down ends the machine's life: nobody is connected any more, and its etcd is gone; call it with the lock.
func (n *Node) down(why string) {
	member := n.disk.Member != 0
	n.drop()
	n.park.note(n.disk.Address, "down: %s", why)
	if member {
		n.park.assess(n)
	}
}

// drop closes what is open.
func (n *Node) drop() {
	n.life++
	n.phase, n.healthy, n.ready = "off", false, false
	if n.server != nil {
		// Stop waits for calls that are under way, and those may wait for the lock.
		go n.server.Stop()
		n.listener.Close()
		n.server = nil
	}
	if n.events != nil {
		n.events.close()
	}
}

// restart takes the machine through a sequence of Talos that ends in a boot: what is said before it goes, and what changes while it is off.
func (n *Node) restart(actor, sequence string, while func(*Disk)) {
	n.park.mu.Lock()
	life, events := n.life, n.events
	n.park.note(n.disk.Address, "%s", sequence)
	n.park.mu.Unlock()
	events.send(actor, &machine.TaskEvent{Task: "cordonAndDrainNode", Action: machine.TaskEvent_START})
	// Said of a reset only, which talosctl takes for done by it. Of others nothing is said, nor the sequence "reboot": after
	// those talosctl looks away for a second, and would miss a boot that takes less.
	if sequence == "reset" {
		// talosctl begins to listen while it asks for the reset; what it misses then it waits for in vain.
		time.Sleep(500 * time.Millisecond)
		events.send(actor, &machine.TaskEvent{Task: "stopAllServices", Action: machine.TaskEvent_START})
	}
	time.Sleep(100 * time.Millisecond)
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	if n.life != life {
		return
	}
	n.down(sequence)
	while(n.disk)
	n.start()
	n.park.note(n.disk.Address, "boots")
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
