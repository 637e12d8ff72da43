// The Kubernetes provider as a Pulumi plugin: Pulumi's own, whose main embeds files that only its release has. Its schema
// is for code generators and is left out.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "-version" {
		fmt.Println(version.Version)
		return
	}
	provider.Serve("kubernetes", version.Version, []byte("{}"), []byte("{}"))
}
