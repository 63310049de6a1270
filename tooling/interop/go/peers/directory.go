package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/connectorrunner"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/conductorone/baton-sdk/pkg/session"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"
	"github.com/spf13/viper"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type person struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Active bool   `json:"active"`
}

type team struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	People []string `json:"people"`
}

type content struct {
	People []person `json:"people"`
	Teams  []team   `json:"teams"`
}

// directory reads its file anew for every question, so that a change is there for the next one.
type directory struct{ path string }

func (d *directory) read() (*content, error) {
	text, err := os.ReadFile(d.path)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	found := &content{}
	return found, json.Unmarshal(text, found)
}

func (d *directory) write(changed *content) error {
	text, err := json.Marshal(changed)
	if err != nil {
		return err
	}
	return os.WriteFile(d.path, text, 0o600)
}

var userType = &v2.ResourceType{Id: "user", DisplayName: "User", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER}}
var groupType = &v2.ResourceType{Id: "group", DisplayName: "Team", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_GROUP}}

func userOf(found person) (*v2.Resource, error) {
	enabled := v2.UserTrait_Status_STATUS_ENABLED
	if !found.Active {
		enabled = v2.UserTrait_Status_STATUS_DISABLED
	}
	return resource.NewUserResource(found.Name, userType, found.ID, []resource.UserTraitOption{
		resource.WithStatus(enabled),
		resource.WithEmail(found.Email, true),
		resource.WithUserLogin(found.Email),
		resource.WithUserProfile(map[string]interface{}{"email": found.Email, "seats": 2}),
	})
}

type users struct{ *directory }

func (u *users) ResourceType(context.Context) *v2.ResourceType { return userType }

func (u *users) List(context.Context, *v2.ResourceId, resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	found, err := u.read()
	if err != nil {
		return nil, nil, err
	}
	var list []*v2.Resource
	for _, each := range found.People {
		made, err := userOf(each)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, made)
	}
	return list, &resource.SyncOpResults{}, nil
}

func (u *users) Entitlements(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (u *users) Grants(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	return nil, &resource.SyncOpResults{}, nil
}

func (u *users) CreateAccountCapabilityDetails(context.Context) (*v2.CredentialDetailsAccountProvisioning, annotations.Annotations, error) {
	return &v2.CredentialDetailsAccountProvisioning{
		SupportedCredentialOptions: []v2.CapabilityDetailCredentialOption{v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD},
		PreferredCredentialOption:  v2.CapabilityDetailCredentialOption_CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD,
	}, nil, nil
}

func (u *users) CreateAccount(_ context.Context, info *v2.AccountInfo, _ *v2.LocalCredentialOptions) (connectorbuilder.CreateAccountResponse, []*v2.PlaintextData, annotations.Annotations, error) {
	found, err := u.read()
	if err != nil {
		return nil, nil, nil, err
	}
	name, _ := info.GetProfile().AsMap()["display_name"].(string)
	if name == "" {
		return nil, nil, nil, status.Error(codes.InvalidArgument, "display_name is missing")
	}
	email := info.GetEmails()[0].GetAddress()
	for _, each := range found.People {
		if strings.EqualFold(each.Email, email) {
			made, err := userOf(each)
			return &v2.CreateAccountResponse_AlreadyExistsResult{Resource: made, IsCreateAccountResult: true}, nil, nil, err
		}
	}
	created := person{ID: "new-" + email, Name: name, Email: email, Active: true}
	found.People = append(found.People, created)
	if err := u.write(found); err != nil {
		return nil, nil, nil, err
	}
	made, err := userOf(created)
	return &v2.CreateAccountResponse_SuccessResult{Resource: made, IsCreateAccountResult: true}, nil, nil, err
}

func (u *users) Delete(_ context.Context, id *v2.ResourceId, _ *v2.ResourceId) (annotations.Annotations, error) {
	found, err := u.read()
	if err != nil {
		return nil, err
	}
	before := len(found.People)
	found.People = slices.DeleteFunc(found.People, func(each person) bool { return each.ID == id.GetResource() })
	if len(found.People) == before {
		return annotations.New(&v2.ResourceDoesNotExist{}), nil
	}
	return nil, u.write(found)
}

type groups struct{ *directory }

func (g *groups) ResourceType(context.Context) *v2.ResourceType { return groupType }

// List hands out one team after another, so that paging is seen.
func (g *groups) List(_ context.Context, _ *v2.ResourceId, attributes resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	found, err := g.read()
	if err != nil {
		return nil, nil, err
	}
	at := 0
	if token := attributes.PageToken.Token; token != "" {
		if _, err := fmt.Sscan(token, &at); err != nil {
			return nil, nil, status.Error(codes.InvalidArgument, err.Error())
		}
	}
	if at >= len(found.Teams) {
		return nil, &resource.SyncOpResults{}, nil
	}
	made, err := resource.NewGroupResource(found.Teams[at].Name, groupType, found.Teams[at].ID, nil)
	if err != nil {
		return nil, nil, err
	}
	next := ""
	if at+1 < len(found.Teams) {
		next = fmt.Sprint(at + 1)
	}
	return []*v2.Resource{made}, &resource.SyncOpResults{NextPageToken: next}, nil
}

func (g *groups) Entitlements(_ context.Context, on *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return []*v2.Entitlement{entitlement.NewAssignmentEntitlement(
		on,
		"member",
		entitlement.WithGrantableTo(userType),
		entitlement.WithDisplayName(on.GetDisplayName()+" Member"),
		entitlement.WithDescription("Member of "+on.GetDisplayName()),
	)}, &resource.SyncOpResults{}, nil
}

func (g *groups) Grants(ctx context.Context, on *v2.Resource, attributes resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	found, err := g.read()
	if err != nil {
		return nil, nil, err
	}
	// What a parent keeps for a connector during a sync has to come back as it was.
	key := "team-" + on.GetId().GetResource()
	if err := session.SetJSON(ctx, attributes.Session, key, on.GetDisplayName(), sessions.WithSyncID(attributes.SyncID)); err != nil {
		return nil, nil, err
	}
	kept, known, err := session.GetJSON[string](ctx, attributes.Session, key, sessions.WithSyncID(attributes.SyncID))
	if err != nil {
		return nil, nil, err
	}
	if !known || kept != on.GetDisplayName() {
		return nil, nil, status.Errorf(codes.Internal, "the session store lost %s", key)
	}
	var list []*v2.Grant
	for _, each := range found.Teams {
		if each.ID != on.GetId().GetResource() {
			continue
		}
		for _, id := range each.People {
			list = append(list, grant.NewGrant(on, "member", &v2.ResourceId{ResourceType: "user", Resource: id}))
		}
	}
	return list, &resource.SyncOpResults{}, nil
}

// change puts a person into a team or takes them out, and says whether there was anything to do.
func (g *groups) change(teamID string, personID string, in bool) (bool, error) {
	found, err := g.read()
	if err != nil {
		return false, err
	}
	for index, each := range found.Teams {
		if each.ID != teamID {
			continue
		}
		if slices.Contains(each.People, personID) == in {
			return false, nil
		}
		if in {
			found.Teams[index].People = append(each.People, personID)
		} else {
			found.Teams[index].People = slices.DeleteFunc(each.People, func(id string) bool { return id == personID })
		}
		return true, g.write(found)
	}
	return false, status.Errorf(codes.NotFound, "no team %s", teamID)
}

func (g *groups) Grant(_ context.Context, principal *v2.Resource, on *v2.Entitlement) ([]*v2.Grant, annotations.Annotations, error) {
	// A connector may look at more than ids; whoever calls has to send whole resources.
	trait := &v2.UserTrait{}
	marks := annotations.Annotations(principal.GetAnnotations())
	known, err := marks.Pick(trait)
	if err != nil || !known || trait.GetLogin() == "" {
		return nil, nil, status.Error(codes.InvalidArgument, "the principal came without its login")
	}
	changed, err := g.change(on.GetResource().GetId().GetResource(), principal.GetId().GetResource(), true)
	if err != nil {
		return nil, nil, err
	}
	made := grant.NewGrant(on.GetResource(), on.GetSlug(), principal.GetId())
	if !changed {
		return []*v2.Grant{made}, annotations.New(&v2.GrantAlreadyExists{}), nil
	}
	return []*v2.Grant{made}, nil, nil
}

func (g *groups) Revoke(_ context.Context, held *v2.Grant) (annotations.Annotations, error) {
	changed, err := g.change(held.GetEntitlement().GetResource().GetId().GetResource(), held.GetPrincipal().GetId().GetResource(), false)
	if err != nil {
		return nil, err
	}
	if !changed {
		return annotations.New(&v2.GrantAlreadyRevoked{}), nil
	}
	return nil, nil
}

func (d *directory) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return &v2.ConnectorMetadata{
		DisplayName: "Directory in Go",
		Description: "People and teams in a JSON file",
		AccountCreationSchema: &v2.ConnectorAccountCreationSchema{
			FieldMap: map[string]*v2.ConnectorAccountCreationSchema_Field{
				"display_name": {
					DisplayName: "Display name",
					Required:    true,
					Order:       1,
					Field:       &v2.ConnectorAccountCreationSchema_Field_StringField{StringField: &v2.ConnectorAccountCreationSchema_StringField{}},
				},
			},
		},
	}, nil
}

func (d *directory) Validate(context.Context) (annotations.Annotations, error) {
	_, err := d.read()
	return nil, err
}

func (d *directory) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{&users{d}, &groups{d}}
}

func runDirectory() {
	path := field.StringField("directory-file", field.WithRequired(true), field.WithDescription("JSON file with people and teams"))
	config.RunConnector(
		context.Background(),
		"baton-directory",
		"0.0.1",
		field.NewConfiguration([]field.SchemaField{path}),
		func(_ context.Context, values *viper.Viper, _ *cli.ConnectorOpts) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
			return &directory{path: values.GetString("directory-file")}, nil, nil
		},
		connectorrunner.WithSessionStoreEnabled(),
	)
}
