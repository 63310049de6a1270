package main

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/spf13/viper"
)

// forwarding answers as the server at the other end does. What no host calls in these tests stays unimplemented.
type forwarding struct {
	v2.UnimplementedResourceTypesServiceServer
	v2.UnimplementedResourcesServiceServer
	v2.UnimplementedEntitlementsServiceServer
	v2.UnimplementedGrantsServiceServer
	v2.UnimplementedConnectorServiceServer
	v2.UnimplementedAssetServiceServer
	v2.UnimplementedGrantManagerServiceServer
	v2.UnimplementedResourceManagerServiceServer
	v2.UnimplementedResourceDeleterServiceServer
	v2.UnimplementedAccountManagerServiceServer
	v2.UnimplementedCredentialManagerServiceServer
	v2.UnimplementedEventServiceServer
	v2.UnimplementedTicketsServiceServer
	v2.UnimplementedActionServiceServer
	v2.UnimplementedResourceGetterServiceServer
	to types.ConnectorClient
}

var _ types.ConnectorServer = (*forwarding)(nil)

func (f *forwarding) GetMetadata(ctx context.Context, r *v2.ConnectorServiceGetMetadataRequest) (*v2.ConnectorServiceGetMetadataResponse, error) {
	return f.to.GetMetadata(ctx, r)
}

func (f *forwarding) Validate(ctx context.Context, r *v2.ConnectorServiceValidateRequest) (*v2.ConnectorServiceValidateResponse, error) {
	return f.to.Validate(ctx, r)
}

func (f *forwarding) Cleanup(ctx context.Context, r *v2.ConnectorServiceCleanupRequest) (*v2.ConnectorServiceCleanupResponse, error) {
	return f.to.Cleanup(ctx, r)
}

func (f *forwarding) ListResourceTypes(ctx context.Context, r *v2.ResourceTypesServiceListResourceTypesRequest) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	return f.to.ListResourceTypes(ctx, r)
}

func (f *forwarding) ListResources(ctx context.Context, r *v2.ResourcesServiceListResourcesRequest) (*v2.ResourcesServiceListResourcesResponse, error) {
	return f.to.ListResources(ctx, r)
}

func (f *forwarding) GetResource(ctx context.Context, r *v2.ResourceGetterServiceGetResourceRequest) (*v2.ResourceGetterServiceGetResourceResponse, error) {
	return f.to.GetResource(ctx, r)
}

func (f *forwarding) ListEntitlements(ctx context.Context, r *v2.EntitlementsServiceListEntitlementsRequest) (*v2.EntitlementsServiceListEntitlementsResponse, error) {
	return f.to.ListEntitlements(ctx, r)
}

func (f *forwarding) ListStaticEntitlements(ctx context.Context, r *v2.EntitlementsServiceListStaticEntitlementsRequest) (*v2.EntitlementsServiceListStaticEntitlementsResponse, error) {
	return f.to.ListStaticEntitlements(ctx, r)
}

func (f *forwarding) ListGrants(ctx context.Context, r *v2.GrantsServiceListGrantsRequest) (*v2.GrantsServiceListGrantsResponse, error) {
	return f.to.ListGrants(ctx, r)
}

func (f *forwarding) Grant(ctx context.Context, r *v2.GrantManagerServiceGrantRequest) (*v2.GrantManagerServiceGrantResponse, error) {
	return f.to.Grant(ctx, r)
}

func (f *forwarding) Revoke(ctx context.Context, r *v2.GrantManagerServiceRevokeRequest) (*v2.GrantManagerServiceRevokeResponse, error) {
	return f.to.Revoke(ctx, r)
}

func (f *forwarding) CreateAccount(ctx context.Context, r *v2.CreateAccountRequest) (*v2.CreateAccountResponse, error) {
	return f.to.CreateAccount(ctx, r)
}

func (f *forwarding) DeleteResource(ctx context.Context, r *v2.DeleteResourceRequest) (*v2.DeleteResourceResponse, error) {
	return f.to.DeleteResource(ctx, r)
}

func (f *forwarding) DeleteResourceV2(ctx context.Context, r *v2.DeleteResourceV2Request) (*v2.DeleteResourceV2Response, error) {
	return f.to.DeleteResourceV2(ctx, r)
}

func (f *forwarding) ListEventFeeds(ctx context.Context, r *v2.ListEventFeedsRequest) (*v2.ListEventFeedsResponse, error) {
	return f.to.ListEventFeeds(ctx, r)
}

func (f *forwarding) CreateResource(ctx context.Context, r *v2.CreateResourceRequest) (*v2.CreateResourceResponse, error) {
	return f.to.CreateResource(ctx, r)
}

func (f *forwarding) RotateCredential(ctx context.Context, r *v2.RotateCredentialRequest) (*v2.RotateCredentialResponse, error) {
	return f.to.RotateCredential(ctx, r)
}

func (f *forwarding) ListEvents(ctx context.Context, r *v2.ListEventsRequest) (*v2.ListEventsResponse, error) {
	return f.to.ListEvents(ctx, r)
}

func (f *forwarding) ListActionSchemas(ctx context.Context, r *v2.ListActionSchemasRequest) (*v2.ListActionSchemasResponse, error) {
	return f.to.ListActionSchemas(ctx, r)
}

func (f *forwarding) InvokeAction(ctx context.Context, r *v2.InvokeActionRequest) (*v2.InvokeActionResponse, error) {
	return f.to.InvokeAction(ctx, r)
}

func runProxy() {
	connect := func(ctx context.Context, _ *viper.Viper) (types.ConnectorServer, error) {
		connection, err := dial()
		if err != nil {
			return nil, err
		}
		return &forwarding{to: connectorclient.NewConnectorClient(ctx, connection)}, nil
	}
	_, command, err := config.DefineConfiguration(context.Background(), "proxy", connect, field.NewConfiguration(nil))
	if err != nil {
		fail(err)
	}
	if err := command.Execute(); err != nil {
		fail(err)
	}
}
