package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"sync"
	"time"
)

// Settings are how machines behave.
type Settings struct {
	Directory, Release, Kubeconfig string
	Boot, Settle                   time.Duration
}

// Park is all machines. One lock guards everything: nothing here takes long while it holds it.
type Park struct {
	Settings
	mu    sync.Mutex
	saved *Saved
	nodes map[string]*Node
}

func openPark(settings Settings) (*Park, error) {
	saved, err := load(settings.Directory)
	if err != nil {
		return nil, err
	}
	park := &Park{Settings: settings, saved: saved, nodes: map[string]*Node{}}
	for _, disk := range saved.Nodes {
		park.nodes[disk.Address] = &Node{park: park, disk: disk, phase: "off"}
	}
	return park, nil
}

// add makes a machine with an empty disk and switches it on; one that is known already is left as it is.
func (p *Park) add(address, listen string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if node, known := p.nodes[address]; known {
		node.disk.Listen = listen
		return p.keep()
	}
	if err := loopback(listen); err != nil {
		return err
	}
	disk := &Disk{Address: address, Listen: listen, Power: true, Version: p.Release}
	p.saved.Nodes[address] = disk
	p.nodes[address] = &Node{park: p, disk: disk, phase: "off"}
	return p.keep()
}

func (p *Park) keep() error { return p.saved.save(p.Directory) }

// note remembers what happened, and keeps everything; call it with the lock.
func (p *Park) note(node, format string, arguments ...any) {
	entry := Entry{Node: node, What: fmt.Sprintf(format, arguments...)}
	p.saved.Journal = append(p.saved.Journal, entry)
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

// etcd is what is known of a cluster's etcd; call it with the lock.
func (p *Park) etcd(cluster string) *Etcd {
	if p.saved.Clusters[cluster] == nil {
		p.saved.Clusters[cluster] = &Etcd{Revision: 1}
	}
	return p.saved.Clusters[cluster]
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
	members, etcd := p.members(cluster), p.etcd(cluster)
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
