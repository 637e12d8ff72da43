package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Settings are how machines behave.
type Settings struct {
	Directory, Release string
	Boot, Settle       time.Duration
}

// Park is all machines. One lock guards everything: nothing here takes long while it holds it.
type Park struct {
	Settings
	// lock is open as long as this process runs.
	lock  *os.File
	mu    sync.Mutex
	saved *Saved
	nodes map[string]*Node
}

// journalLength bounds what is remembered: a lab may run for months.
const journalLength = 5000

func openPark(settings Settings) (*Park, error) {
	lock, err := alone(settings.Directory)
	if err != nil {
		return nil, err
	}
	saved, err := load(settings.Directory)
	if err != nil {
		return nil, err
	}
	park := &Park{Settings: settings, lock: lock, saved: saved, nodes: map[string]*Node{}}
	for _, disk := range saved.Nodes {
		node := &Node{park: park, disk: disk, phase: "off"}
		// One that is off counts in its cluster, too.
		node.load()
		park.nodes[disk.Address] = node
	}
	return park, nil
}

// alone makes sure that no other process keeps the same state: the kernel drops the lock when this one ends, however it ends.
func alone(directory string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(directory, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another process plays the machines of %s: %w", directory, err)
	}
	return file, nil
}

// add makes a machine with an empty disk; one that is known already only answers elsewhere when that is asked.
func (p *Park) add(address, listen string) error {
	if err := loopback(listen); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if node, known := p.nodes[address]; known {
		node.move(listen)
		return p.keep()
	}
	disk := &Disk{Address: address, Listen: listen, Power: true, System: System{Version: p.Release}}
	p.saved.Nodes[address] = disk
	p.nodes[address] = &Node{park: p, disk: disk, phase: "off"}
	return p.keep()
}

func (p *Park) keep() error { return p.saved.save(p.Directory) }

// note remembers what happened, and keeps everything; call it with the lock.
func (p *Park) note(node, format string, arguments ...any) {
	entry := Entry{Node: node, What: fmt.Sprintf(format, arguments...)}
	p.saved.Journal = append(p.saved.Journal, entry)
	if surplus := len(p.saved.Journal) - journalLength; surplus > 0 {
		p.saved.Journal = p.saved.Journal[surplus:]
	}
	log.Println(entry.Node, entry.What)
	if err := p.keep(); err != nil {
		log.Println("the state could not be kept:", err)
	}
}

func (p *Park) run(ctx context.Context) error {
	p.mu.Lock()
	for _, node := range p.nodes {
		if node.disk.Power {
			node.start()
		}
	}
	p.mu.Unlock()
	stop, err := p.control()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Println("ready")
	<-ctx.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, node := range p.nodes {
		node.drop()
	}
	return p.keep()
}

// members are the machines in the etcd of a cluster; call it with the lock.
func (p *Park) members(cluster string) []*Node {
	var members []*Node
	for _, node := range p.nodes {
		if node.disk.Member != 0 && node.cluster() == cluster {
			members = append(members, node)
		}
	}
	return members
}

// etcd is what is known of the etcd of the machine's cluster; call it with the lock.
func (n *Node) etcd() *Etcd {
	clusters, id := n.park.saved.Clusters, n.cluster()
	if clusters[id] == nil {
		clusters[id] = &Etcd{Name: n.config.Cluster().Name(), Revision: 1}
	}
	return clusters[id]
}

// quorum says whether a majority of a cluster's etcd is healthy; call it with the lock.
func (p *Park) quorum(cluster string) bool {
	members := p.members(cluster)
	return len(members) > 0 && healthy(members) > len(members)/2
}

func healthy(members []*Node) int {
	count := 0
	for _, member := range members {
		if member.healthy {
			count++
		}
	}
	return count
}

// assess counts what a machine that just went down costs its cluster; call it with the lock.
func (p *Park) assess(node *Node) {
	cluster := node.cluster()
	members, etcd := p.members(cluster), node.etcd()
	etcd.MostAtOnce = max(etcd.MostAtOnce, len(members)-healthy(members))
	if !p.quorum(cluster) {
		etcd.QuorumLost++
		p.note(node.disk.Address, "quorum lost")
	}
}

// authority finds the private half of a worker's authority on a control plane that runs, as trustd gives it; call it with the lock.
func (p *Park) authority(node *Node) (tls.Certificate, bool) {
	own := node.config.Machine().Security().IssuingCA()
	if own != nil && len(own.Key) > 0 {
		pair, err := tls.X509KeyPair(own.Crt, own.Key)
		return pair, err == nil
	}
	for _, other := range p.nodes {
		if other.config == nil || other.phase != "running" || other.cluster() != node.cluster() {
			continue
		}
		if theirs := other.config.Machine().Security().IssuingCA(); theirs != nil && len(theirs.Key) > 0 {
			pair, err := tls.X509KeyPair(theirs.Crt, theirs.Key)
			return pair, err == nil
		}
	}
	return tls.Certificate{}, false
}
