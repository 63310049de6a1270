// Programs around the real Go SDK for the interop tier, in one binary: which one runs says the variable PEER.
//
//	syncer     its syncer over its own client, against a server at an address
//	proxy      its whole command line over a connector that forwards to a server at an address
//	directory  a connector made with its builder, over a JSON file with people and teams
//	protojson  reads a message as its protojson does
//	validate   holds messages to the rules that its server holds requests to
//	server     a connector made with its builder, over a company as large as asked for, on an address
//	lister     its client, which reads all resources and grants of a server
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
	case "protojson":
		runProtojson()
	case "validate":
		runValidate()
	case "server":
		runServer()
	case "lister":
		runLister()
	default:
		fmt.Fprintf(os.Stderr, "PEER is %q; it has to be syncer, proxy, directory, protojson, validate, server or lister\n", peer)
		os.Exit(2)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
