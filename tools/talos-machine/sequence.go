package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
)

// Sequence is what a machine goes through before it boots again, or stays off.
type Sequence struct {
	// kind is what Talos calls it, does what the journal says.
	kind, does string
	// drain says whether the node is cordoned and drained first; Talos does not before a reboot
	// (internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_sequencer.go).
	drain bool
	// awaited says that talosctl waits for services to be stopped, and not for the machine to be ready again.
	awaited bool
	// prepare is done before the machine goes down, with the lock; when it fails, services have been stopped already.
	prepare func() error
	// change is what it does to the disk.
	change func(*Disk)
}

// run takes the machine through a sequence.
func (n *Node) run(actor string, sequence Sequence) {
	n.park.mu.Lock()
	life, events := n.life, n.events
	if n.busy {
		n.park.note(n.disk.Address, "%s: refused, it does something else", sequence.does)
		n.park.mu.Unlock()
		events.send(actor, failed(sequence.kind, common.Code_LOCKED, "sequence not started: locked"))
		return
	}
	n.busy = true
	n.park.note(n.disk.Address, "%s", sequence.does)
	if sequence.drain {
		n.disk.Cordoned = true
		n.park.note(n.disk.Address, "cordon and drain")
	}
	n.park.mu.Unlock()
	n.announce(actor, sequence, events)
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	if n.life != life {
		return
	}
	if sequence.prepare != nil {
		if err := sequence.prepare(); err != nil {
			n.strand(actor, sequence, err)
			return
		}
	}
	n.down(sequence.does)
	if sequence.change != nil {
		sequence.change(n.disk)
	}
	if n.disk.Power {
		n.start()
		n.park.note(n.disk.Address, "boots")
	}
}

// announce says what talosctl waits for, and takes the time of a drain.
func (n *Node) announce(actor string, sequence Sequence, events *Events) {
	if sequence.drain {
		events.send(actor, &machine.TaskEvent{Task: "cordonAndDrainNode", Action: machine.TaskEvent_START})
	}
	// Not said of others, nor is the sequence "reboot": after those talosctl looks away for a second, and would miss a boot that
	// takes less.
	if sequence.awaited {
		// talosctl begins to listen while it asks for the reset; what it misses then it waits for in vain.
		time.Sleep(500 * time.Millisecond)
		events.send(actor, &machine.TaskEvent{Task: "stopAllServices", Action: machine.TaskEvent_START})
	}
	time.Sleep(100 * time.Millisecond)
}

// strand leaves the machine as Talos does when a sequence fails midway: its services are stopped, and it waits for a reboot.
func (n *Node) strand(actor string, sequence Sequence, err error) {
	n.busy, n.healthy, n.ready = false, false, false
	n.park.note(n.disk.Address, "%s: failed, %s", sequence.does, err)
	if n.disk.Member != 0 {
		n.park.assess(n)
	}
	n.show()
	n.events.send(actor, failed(sequence.kind, common.Code_FATAL, "sequence failed: "+err.Error()))
}

func failed(kind string, code common.Code, message string) *machine.SequenceEvent {
	return &machine.SequenceEvent{Sequence: kind, Action: machine.SequenceEvent_NOOP, Error: &common.Error{Code: code, Message: message}}
}

// preflight is the installer's own check: cmd/installer/pkg/install/preflight.go.
func preflight(from, to string) error {
	host, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: "v" + from})
	if err != nil {
		return err
	}
	installer, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: "v" + to})
	if err != nil {
		return err
	}
	// What an installer that is newer than this program accepts is not known here.
	if err := installer.UpgradeableFrom(host); err != nil && !strings.HasSuffix(err.Error(), "are not supported") {
		return fmt.Errorf("pre-flight checks failed: %w", err)
	}
	return nil
}
