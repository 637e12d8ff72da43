// Command talos-machine plays machines that run Talos, each on an address of loopback, well enough for the real talosctl:
// maintenance mode, Talos's own validation of configurations, mutual TLS by the authority in them, etcd membership,
// upgrades, reboots. Nothing is installed, and no Kubernetes runs.
//
// What it can't prove: that a configuration works on hardware, and anything about Kubernetes itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Set by the linker.
var version = "0.0.0"

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	var nodes []string
	directory := flag.String("directory", "", "where the state and the control socket are")
	release := flag.String("talos", "1.12.0", "the Talos version that machines boot at first")
	boot := flag.Duration("boot", time.Second, "how long a machine takes to boot")
	settle := flag.Duration("settle", 300*time.Millisecond, "how long etcd takes to be healthy after that")
	printVersion := flag.Bool("version", false, "print the version")
	flag.Func("node", "ADDRESS or ADDRESS=LISTEN of a machine, for example 192.168.10.111=127.0.0.2:50000", func(text string) error {
		nodes = append(nodes, text)
		return nil
	})
	flag.Parse()
	if *printVersion {
		fmt.Println("talos-machine", version)
		return
	}
	if *directory == "" {
		log.Fatal("-directory is missing")
	}
	park, err := openPark(Settings{Directory: *directory, Release: *release, Boot: *boot, Settle: *settle})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range nodes {
		address, listen, found := strings.Cut(text, "=")
		if !found {
			listen = address + ":50000"
		}
		if err := park.add(address, listen); err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := park.run(ctx); err != nil {
		log.Fatal(err)
	}
}
