// Programs around the real Go SDK for the interop tier, in one binary: which one runs says the variable PEER.
//
//	syncer     its syncer over its own client, against a server at an address
//	proxy      its whole command line over a connector that forwards to a server at an address
//	directory  a connector made with its builder, over a JSON file with people and teams
package main

import (
	"fmt"
	"os"
)

func main() {
	switch peer := os.Getenv("PEER"); peer {
	case "syncer":
		runSyncer()
	case "proxy":
		runProxy()
	case "directory":
		runDirectory()
	default:
		fmt.Fprintf(os.Stderr, "PEER is %q; it has to be syncer, proxy or directory\n", peer)
		os.Exit(2)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
