package main

import (
	"context"
	"flag"

	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sync"
)

func runSyncer() {
	path := flag.String("file", "sync.c1z", "snapshot to write")
	engine := flag.String("engine", "sqlite", "sqlite or pebble")
	workers := flag.Int("workers", 0, "workers of the syncer")
	flag.Parse()
	ctx := context.Background()
	connection, err := dial()
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	client := connectorclient.NewConnectorClient(ctx, connection)
	syncer, err := sync.NewSyncer(
		ctx,
		client,
		sync.WithC1ZPath(*path),
		sync.WithStorageEngine(c1zstore.Engine(*engine)),
		sync.WithWorkerCount(*workers),
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
