package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is what a machine keeps when it is switched off.
type Disk struct {
	// Address is what the cluster calls the machine.
	Address string `json:"address"`
	// Listen is where its API answers on this computer.
	Listen string `json:"listen"`
	Power  bool   `json:"power"`
	// Config is the machine's configuration; empty in maintenance mode.
	Config string `json:"config"`
	Staged string `json:"staged,omitempty"`
	System
	// Pending is what an upgrade installed, which the next boot starts.
	Pending *System `json:"pending,omitempty"`
	// Previous is what the other boot slot holds.
	Previous *System `json:"previous,omitempty"`
	BootID   string  `json:"bootId"`
	// Member is the machine's id in etcd; 0 when its data directory is empty.
	Member uint64 `json:"member,omitempty"`
	// Cordoned machines take no pods: from the drain that precedes an upgrade, until they are ready again.
	Cordoned bool   `json:"cordoned,omitempty"`
	Faults   Faults `json:"faults"`
}

// System is a Talos that was installed.
type System struct {
	Version string `json:"version"`
	// Image is the installer that an upgrade put there.
	Image string `json:"image,omitempty"`
}

// Faults are what goes wrong with a machine: for tests.
type Faults struct {
	// Sick machines boot, but their etcd does not become healthy.
	Sick bool `json:"sick,omitempty"`
	// Rollback makes the next upgrade boot what was there before.
	Rollback bool `json:"rollback,omitempty"`
	// Slow is how many milliseconds longer the next boot takes.
	Slow int `json:"slow,omitempty"`
	// Corrupt damages the next snapshot on its way.
	Corrupt bool `json:"corrupt,omitempty"`
}

// Etcd is what is known of a cluster's etcd over its life.
type Etcd struct {
	Name string `json:"name"`
	// Revision counts snapshots and members, so that no two snapshots are the same.
	Revision uint64 `json:"revision"`
	// MostAtOnce is the largest number of members that were not healthy at the same time.
	MostAtOnce int `json:"mostAtOnce"`
	// QuorumLost counts how often a machine went down and left etcd without a majority.
	QuorumLost int `json:"quorumLost"`
}

// Entry says that something happened.
type Entry struct {
	Node string `json:"node"`
	What string `json:"what"`
}

// Saved is everything that survives a restart.
type Saved struct {
	Nodes map[string]*Disk `json:"nodes"`
	// Clusters are by their id, which their secrets make.
	Clusters map[string]*Etcd `json:"clusters"`
	// Kubernetes is by a cluster's name where its API server really answers.
	Kubernetes map[string]string `json:"kubernetes"`
	Journal    []Entry           `json:"journal"`
}

func load(directory string) (*Saved, error) {
	saved := &Saved{Nodes: map[string]*Disk{}, Clusters: map[string]*Etcd{}, Kubernetes: map[string]string{}, Journal: []Entry{}}
	text, err := os.ReadFile(filepath.Join(directory, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return saved, nil
	}
	if err != nil {
		return nil, err
	}
	return saved, json.Unmarshal(text, saved)
}

// save replaces the file in one step: a kill leaves the old state or the new one.
func (saved *Saved) save(directory string) error {
	text, err := json.MarshalIndent(saved, "", " ")
	if err != nil {
		return err
	}
	draft := filepath.Join(directory, "state.json.draft")
	// Configurations hold every secret of their cluster.
	if err := os.WriteFile(draft, text, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(directory, "state.json"))
}
