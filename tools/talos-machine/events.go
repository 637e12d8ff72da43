package main

import (
	"sync"

	"github.com/rs/xid"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// Events of one life of a machine: what was, and who waits for more.
type Events struct {
	mu      sync.Mutex
	changed chan struct{}
	past    []*machine.Event
	closed  bool
}

func newEvents() *Events { return &Events{changed: make(chan struct{})} }

func (e *Events) send(actor string, payload proto.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.past = append(e.past, event(actor, payload))
		e.wake()
	}
}

func (e *Events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		e.wake()
	}
}

func (e *Events) wake() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// after gives the events from an index on, and what is closed when there are more.
func (e *Events) after(index int) ([]*machine.Event, <-chan struct{}, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.past[index:], e.changed, e.closed
}

func (e *Events) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.past)
}

func event(actor string, payload proto.Message) *machine.Event {
	data, err := anypb.New(payload)
	if err != nil {
		panic(err)
	}
	// As Talos names its types: internal/app/machined/pkg/runtime/events.go
	data.TypeUrl = "talos/runtime/" + string(payload.ProtoReflect().Descriptor().FullName())
	return &machine.Event{Id: xid.New().String(), Data: data, ActorId: actor}
}
