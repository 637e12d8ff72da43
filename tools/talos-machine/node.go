package main

import (
	"crypto/rand"
	"encoding/binary"
	"log"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"google.golang.org/grpc"
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
	// problem is why its API does not answer although it has booted.
	problem string
	// restarting says that its kubelet is.
	restarting bool
	// busy says that a sequence is under way.
	busy bool
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
	n.swap()
	if n.disk.Staged != "" {
		n.disk.Config, n.disk.Staged = n.disk.Staged, ""
	}
	n.disk.BootID = uuid.NewString()
	n.load()
	n.events = newEvents()
	boot := n.park.Boot + time.Duration(n.disk.Faults.Slow)*time.Millisecond
	n.disk.Faults.Slow = 0
	life := n.life
	time.AfterFunc(boot, func() {
		n.park.mu.Lock()
		defer n.park.mu.Unlock()
		n.serve(life)
	})
}

// swap boots what an upgrade installed, unless that does not boot: then Talos's boot loader falls back to the other slot.
func (n *Node) swap() {
	next := n.disk.Pending
	n.disk.Pending = nil
	switch {
	case next == nil:
	case n.disk.Faults.Rollback:
		n.disk.Faults.Rollback = false
		n.park.note(n.disk.Address, "Talos %s does not boot", next.Version)
	default:
		previous := n.disk.System
		n.disk.System, n.disk.Previous = *next, &previous
	}
}

func (n *Node) load() {
	n.config = nil
	if n.disk.Config == "" {
		return
	}
	provider, err := configloader.NewFromBytes([]byte(n.disk.Config))
	if err != nil {
		log.Println(n.disk.Address, "its configuration is unreadable")
		return
	}
	n.config = provider
}

// serve lets the API of a machine that is on answer; again and again until it can; call it with the lock.
func (n *Node) serve(life int) {
	if n.life != life {
		return
	}
	if err := n.open(); err != nil {
		if n.problem != err.Error() {
			n.problem = err.Error()
			n.park.note(n.disk.Address, "does not answer: %s", n.problem)
		}
		time.AfterFunc(100*time.Millisecond, func() {
			n.park.mu.Lock()
			defer n.park.mu.Unlock()
			n.serve(life)
		})
		return
	}
	n.problem = ""
	if n.phase != "booting" {
		return
	}
	n.resources = newResources()
	n.phase = "running"
	if n.config == nil {
		n.phase = "maintenance"
	}
	n.park.note(n.disk.Address, "%s, Talos %s", n.phase, n.disk.Version)
	n.show()
	if n.config != nil {
		time.AfterFunc(n.park.Settle, func() { n.settle(life) })
	}
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
		n.healthy = n.disk.Member != 0 && !n.disk.Faults.Sick
	}
	if !n.controlPlane() || n.healthy {
		if !n.ready {
			n.ready, n.disk.Cordoned = true, false
			n.park.note(n.disk.Address, "ready")
			n.show()
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
	n.etcd().Revision++
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
	n.phase, n.healthy, n.ready, n.busy, n.restarting, n.problem = "off", false, false, false, false, ""
	n.resources = nil
	n.shut()
	if n.events != nil {
		n.events.close()
	}
}
