package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
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

var errNoMachine = errors.New("no such machine")

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
	server := &http.Server{Handler: p.routes()}
	go server.Serve(listener) //nolint:errcheck
	return func() { server.Close() }, nil
}

func (p *Park) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-type", "application/json")
		json.NewEncoder(w).Encode(p.view()) //nolint:errcheck
	})
	mux.HandleFunc("PUT /clusters/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, p.publish(r.PathValue("name"), r.URL.Query().Get("kubernetes")))
	})
	mux.HandleFunc("GET /machines/{address}/config", func(w http.ResponseWriter, r *http.Request) {
		p.config(w, r.PathValue("address"))
	})
	mux.HandleFunc("PUT /machines/{address}", func(w http.ResponseWriter, r *http.Request) {
		err := p.add(r.PathValue("address"), r.URL.Query().Get("listen"))
		if err == nil {
			err = p.act(r.PathValue("address"), "on", nil)
		}
		answer(w, err)
	})
	mux.HandleFunc("POST /machines/{address}/{action}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, p.act(r.PathValue("address"), r.PathValue("action"), r.URL.Query()))
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, errNoMachine):
		http.Error(w, err.Error(), http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// config answers with a machine's configuration, every secret in it; with nothing when it has none.
func (p *Park) config(w http.ResponseWriter, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	node, known := p.nodes[address]
	switch {
	case !known:
		answer(w, errNoMachine)
	case node.disk.Config == "":
		answer(w, nil)
	default:
		w.Write([]byte(node.disk.Config)) //nolint:errcheck
	}
}

// publish says where the API server of a cluster really answers: in the kubeconfigs that are given out from now on.
func (p *Park) publish(cluster, server string) error {
	if parsed, err := url.Parse(server); err != nil || parsed.Scheme != "https" || parsed.Host == "" {
		return fmt.Errorf("kubernetes: %q is not https://HOST:PORT", server)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saved.Kubernetes[cluster] = server
	return p.keep()
}

// act does to a machine what its hypervisor would, or what a test wants to go wrong.
func (p *Park) act(address, action string, options url.Values) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	node, known := p.nodes[address]
	if !known && action == "destroy" {
		return nil
	}
	if !known {
		return errNoMachine
	}
	if err := node.act(action, options); err != nil {
		return err
	}
	p.note(address, "%s", action)
	return nil
}

func (n *Node) act(action string, options url.Values) error {
	faults := &n.disk.Faults
	switch action {
	case "on":
		n.disk.Power = true
		if n.phase == "off" {
			n.start()
		}
	case "off":
		n.disk.Power = false
		if n.phase != "off" {
			n.down("switched off")
		}
	case "destroy":
		if n.phase != "off" {
			n.down("destroyed")
		}
		delete(n.park.nodes, n.disk.Address)
		delete(n.park.saved.Nodes, n.disk.Address)
	case "sick", "well":
		faults.Sick = action == "sick"
		n.fallIll()
	case "rollback":
		faults.Rollback = true
	case "corrupt":
		faults.Corrupt = true
	case "slow":
		milliseconds, err := strconv.Atoi(options.Get("milliseconds"))
		if err != nil {
			return err
		}
		faults.Slow = milliseconds
	default:
		return fmt.Errorf("no such action: %s", action)
	}
	return nil
}

// fallIll lets the etcd of a machine that runs become sick, or well again.
func (n *Node) fallIll() {
	if n.healthy && n.disk.Faults.Sick {
		n.healthy, n.ready = false, false
	}
	if n.phase == "running" && !n.disk.Faults.Sick {
		life := n.life
		go n.settle(life)
	}
}
