package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"google.golang.org/protobuf/proto"
)

// What a listing came to.
type listed struct {
	Calls   int     `json:"calls"`
	Rows    int     `json:"rows"`
	Bytes   int     `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// page is what all list responses have.
type page interface {
	proto.Message
	GetNextPageToken() string
}

// walk asks for pages until there are none, and counts.
func walk[P page](sum *listed, ask func(token string) (P, error), rowsOf func(P) int) {
	token := ""
	for {
		since := time.Now()
		answer, err := ask(token)
		sum.Seconds += time.Since(since).Seconds()
		if err != nil {
			fail(err)
		}
		sum.Calls++
		sum.Rows += rowsOf(answer)
		sum.Bytes += proto.Size(answer)
		if token = answer.GetNextPageToken(); token == "" {
			return
		}
	}
}

// runLister reads all users and then all grants from the server at PEER_ADDRESS, one call after another, and says how long the calls took. Grants are
// asked for in the way that the server's resource type asks for.
func runLister() {
	ctx := context.Background()
	connection, err := dial()
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	resources := v2.NewResourcesServiceClient(connection)
	list := func(sum *listed, resourceType string, keep func(*v2.Resource)) {
		walk(sum, func(token string) (*v2.ResourcesServiceListResourcesResponse, error) {
			return resources.ListResources(ctx, &v2.ResourcesServiceListResourcesRequest{ResourceTypeId: resourceType, PageToken: token})
		}, func(answer *v2.ResourcesServiceListResourcesResponse) int {
			for _, each := range answer.GetList() {
				keep(each)
			}
			return len(answer.GetList())
		})
	}
	users, grants := &listed{}, &listed{}
	list(users, "user", func(*v2.Resource) {})
	var groups []*v2.Resource
	list(&listed{}, "group", func(each *v2.Resource) { groups = append(groups, each) })

	types, err := v2.NewResourceTypesServiceClient(connection).ListResourceTypes(ctx, &v2.ResourceTypesServiceListResourceTypesRequest{})
	if err != nil {
		fail(err)
	}
	var marks annotations.Annotations
	for _, each := range types.GetList() {
		has := annotations.Annotations(each.GetAnnotations())
		if each.GetId() == "group" && has.Contains(&v2.TypeScopedGrants{}) {
			groups = []*v2.Resource{{Id: &v2.ResourceId{ResourceType: "group", Resource: "group"}}}
			marks = annotations.New(&v2.TypeScopedGrants{})
		}
	}
	client := v2.NewGrantsServiceClient(connection)
	for _, group := range groups {
		walk(grants, func(token string) (*v2.GrantsServiceListGrantsResponse, error) {
			return client.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{Resource: group, PageToken: token, Annotations: marks})
		}, func(answer *v2.GrantsServiceListGrantsResponse) int { return len(answer.GetList()) })
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]*listed{"resources": users, "grants": grants}); err != nil {
		fail(err)
	}
}
