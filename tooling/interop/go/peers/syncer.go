package main

import (
	"context"
	"flag"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/bid"
	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sync"
)

func listOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func runSyncer() {
	path := flag.String("file", "sync.c1z", "snapshot to write")
	engine := flag.String("engine", "sqlite", "sqlite or pebble")
	workers := flag.Int("workers", 0, "workers of the syncer")
	resources := flag.String("resources", "", "BIDs of the only resources")
	types := flag.String("types", "", "the only resource types")
	bare := flag.Bool("bare", false, "neither entitlements nor grants")
	noGrants := flag.Bool("no-grants", false, "no grants")
	flag.Parse()
	ctx := context.Background()
	connection, err := dial()
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	var targets []*v2.Resource
	for _, id := range listOf(*resources) {
		target, err := bid.ParseResourceBid(id)
		if err != nil {
			fail(err)
		}
		targets = append(targets, target)
	}
	client := connectorclient.NewConnectorClient(ctx, connection)
	syncer, err := sync.NewSyncer(
		ctx,
		client,
		sync.WithC1ZPath(*path),
		sync.WithStorageEngine(c1zstore.Engine(*engine)),
		sync.WithWorkerCount(*workers),
		sync.WithTargetedSyncResources(targets),
		sync.WithSyncResourceTypes(listOf(*types)),
		sync.WithSkipEntitlementsAndGrants(*bare),
		sync.WithSkipGrants(*noGrants),
	)
	if err != nil {
		fail(err)
	}
	if err := syncer.Sync(ctx); err != nil {
		fail(err)
	}
	if err := syncer.Close(ctx); err != nil {
		fail(err)
	}
}
