package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/grpc"
)

// A made-up company, large and the same every time: group i has the people i, i+1, ... (modulo their number). The rows of the TypeScript program that
// it is measured beside are the same.
type company struct {
	users, groups, members int
	page                   int
}

func userIDOf(number int) string  { return fmt.Sprintf("user-%08d", number) }
func groupIDOf(number int) string { return fmt.Sprintf("group-%08d", number) }

// from answers which rows a page has, and the token of the next one.
func (c *company) from(token string, all int) (int, int, string, error) {
	first := 0
	if token != "" {
		var err error
		if first, err = strconv.Atoi(token); err != nil {
			return 0, 0, "", err
		}
	}
	last := min(first+c.page, all)
	if last < all {
		return first, last, strconv.Itoa(last), nil
	}
	return first, last, "", nil
}

type companyUsers struct{ *company }

func (u *companyUsers) ResourceType(context.Context) *v2.ResourceType {
	return &v2.ResourceType{
		Id:          "user",
		DisplayName: "User",
		Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER},
		Annotations: annotations.New(&v2.SkipEntitlementsAndGrants{}),
	}
}

func (u *companyUsers) List(_ context.Context, _ *v2.ResourceId, asked resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	first, last, next, err := u.from(asked.PageToken.Token, u.users)
	if err != nil {
		return nil, nil, err
	}
	list := make([]*v2.Resource, 0, last-first)
	for number := first; number < last; number++ {
		email := fmt.Sprintf("person.%d@example.com", number)
		made, err := resource.NewUserResource(fmt.Sprintf("Person %d", number), userType, userIDOf(number), []resource.UserTraitOption{
			resource.WithEmail(email, true),
			resource.WithUserLogin(email),
			resource.WithStatus(v2.UserTrait_Status_STATUS_ENABLED),
		})
		if err != nil {
			return nil, nil, err
		}
		list = append(list, made)
	}
	return list, &resource.SyncOpResults{NextPageToken: next}, nil
}

func (u *companyUsers) Entitlements(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (u *companyUsers) Grants(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

type companyGroups struct{ *company }

func (g *companyGroups) ResourceType(context.Context) *v2.ResourceType { return groupType }

func (g *companyGroups) List(_ context.Context, _ *v2.ResourceId, asked resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	first, last, next, err := g.from(asked.PageToken.Token, g.groups)
	if err != nil {
		return nil, nil, err
	}
	list := make([]*v2.Resource, 0, last-first)
	for number := first; number < last; number++ {
		made, err := resource.NewGroupResource(fmt.Sprintf("Team %d", number), groupType, groupIDOf(number), nil)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, made)
	}
	return list, &resource.SyncOpResults{NextPageToken: next}, nil
}

func (g *companyGroups) Entitlements(_ context.Context, on *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return []*v2.Entitlement{entitlement.NewAssignmentEntitlement(on, "member", entitlement.WithGrantableTo(userType))}, &resource.SyncOpResults{}, nil
}

func (g *companyGroups) Grants(_ context.Context, on *v2.Resource, asked resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	var group int
	if _, err := fmt.Sscanf(on.GetId().GetResource(), "group-%d", &group); err != nil {
		return nil, nil, err
	}
	first, last, next, err := g.from(asked.PageToken.Token, min(g.members, g.users))
	if err != nil {
		return nil, nil, err
	}
	list := make([]*v2.Grant, 0, last-first)
	for member := first; member < last; member++ {
		principal := &v2.ResourceId{ResourceType: "user", Resource: userIDOf((group + member) % g.users)}
		list = append(list, grant.NewGrant(on, "member", principal))
	}
	return list, &resource.SyncOpResults{NextPageToken: next}, nil
}

func (c *company) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return &v2.ConnectorMetadata{DisplayName: "Company"}, nil
}

func (c *company) Validate(context.Context) (annotations.Annotations, error) { return nil, nil }

func (c *company) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{&companyUsers{c}, &companyGroups{c}}
}

// runServer serves the company in plaintext on loopback with the SDK's builder, says where, and ends with its input.
func runServer() {
	made := &company{}
	flag.IntVar(&made.users, "users", 0, "people")
	flag.IntVar(&made.groups, "groups", 0, "groups")
	flag.IntVar(&made.members, "members", 0, "people in each group")
	flag.IntVar(&made.page, "page", 1000, "rows of a page")
	flag.Parse()
	connector, err := connectorbuilder.NewConnector(context.Background(), made)
	if err != nil {
		fail(err)
	}
	// As the SDK's own server does it: the rules are checked before a request is answered.
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if rules, has := request.(interface{ Validate() error }); has {
			if err := rules.Validate(); err != nil {
				return nil, err
			}
		}
		return handler(ctx, request)
	}))
	v2.RegisterConnectorServiceServer(server, connector)
	v2.RegisterResourceTypesServiceServer(server, connector)
	v2.RegisterResourcesServiceServer(server, connector)
	v2.RegisterEntitlementsServiceServer(server, connector)
	v2.RegisterGrantsServiceServer(server, connector)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	fmt.Println(listener.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	if err := server.Serve(listener); err != nil {
		fail(err)
	}
}
