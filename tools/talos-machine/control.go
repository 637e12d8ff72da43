package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
)

// loopback refuses to listen where others could connect.
func loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not an address of loopback", listen)
	}
	return nil
}

// View is a machine as the control socket shows it: nothing secret.
type View struct {
	Address string `json:"address"`
	Listen  string `json:"listen"`
	Phase   string `json:"phase"`
	Type    string `json:"type,omitempty"`
	Version string `json:"version"`
	Image   string `json:"image,omitempty"`
	Member  bool   `json:"member"`
	Ready   bool   `json:"ready"`
}

// control answers on a socket that only this user reaches: what there is, and what a hypervisor does to machines.
func (p *Park) control() (func(), error) {
	path := filepath.Join(p.Directory, "control.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", p.view)
	mux.HandleFunc("PUT /machines/{address}", func(w http.ResponseWriter, r *http.Request) {
		if err := p.add(r.PathValue("address"), r.URL.Query().Get("listen")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.act(w, r.PathValue("address"), "on")
	})
	mux.HandleFunc("POST /machines/{address}/{action}", func(w http.ResponseWriter, r *http.Request) {
		p.act(w, r.PathValue("address"), r.PathValue("action"))
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener) //nolint:errcheck
	return func() { server.Close() }, nil
}

func (p *Park) view(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	machines := []View{}
	for _, node := range p.nodes {
		view := View{Address: node.disk.Address, Listen: node.disk.Listen, Phase: node.phase, Version: node.disk.Version, Image: node.disk.Image, Member: node.disk.Member != 0, Ready: node.ready}
		if node.config != nil {
			view.Type = node.config.Machine().Type().String()
		}
		machines = append(machines, view)
	}
	sort.Slice(machines, func(a, b int) bool { return machines[a].Address < machines[b].Address })
	clusters := []*Etcd{}
	for _, etcd := range p.saved.Clusters {
		clusters = append(clusters, etcd)
	}
	journal := p.saved.Journal
	if journal == nil {
		journal = []Entry{}
	}
	w.Header().Set("content-type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"machines": machines, "etcd": clusters, "journal": journal}) //nolint:errcheck
}

// act does to a machine what its hypervisor would, or what a test wants to go wrong.
func (p *Park) act(w http.ResponseWriter, address, action string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	node, known := p.nodes[address]
	if !known {
		http.Error(w, "no such machine", http.StatusNotFound)
		return
	}
	switch action {
	case "on":
		node.disk.Power = true
		if node.phase == "off" {
			node.start()
		}
	case "off":
		node.disk.Power = false
		if node.phase != "off" {
			node.down("switched off")
		}
	case "destroy":
		if node.phase != "off" {
			node.down("destroyed")
		}
		delete(p.nodes, address)
		delete(p.saved.Nodes, address)
	case "sick", "well":
		node.disk.Sick = action == "sick"
		if node.healthy && node.disk.Sick {
			node.healthy, node.ready = false, false
		}
		if node.phase == "running" && !node.disk.Sick {
			life := node.life
			go node.settle(life)
		}
	default:
		http.Error(w, "no such action", http.StatusNotFound)
		return
	}
	p.note(address, "%s", action)
	w.WriteHeader(http.StatusNoContent)
}
