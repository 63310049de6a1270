package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"

	_ "github.com/conductorone/baton-sdk/pb/c1/config/v1"
	_ "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	_ "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	_ "github.com/conductorone/baton-sdk/pb/c1/ratelimit/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
)

func messageOf(name string) (proto.Message, error) {
	found, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return found.New().Interface(), nil
}

// runProtojson reads the message that its argument names as protojson from standard input, and prints it in binary as base64. What is in an Any
// comes out by itself.
func runProtojson() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	message, err := messageOf(os.Args[1])
	if err != nil {
		fail(err)
	}
	if err := protojson.Unmarshal(text, message); err != nil {
		fail(err)
	}
	if wrapped, is := message.(*anypb.Any); is {
		if message, err = wrapped.UnmarshalNew(); err != nil {
			fail(err)
		}
	}
	binary, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		fail(err)
	}
	fmt.Println(base64.StdEncoding.EncodeToString(binary))
}

// runValidate reads lines with a message each, and prints for each what its own rules say: "ok", or the first that is broken.
func runValidate() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var line struct {
			Type string `json:"type"`
			Data []byte `json:"data"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			fail(err)
		}
		message, err := messageOf(line.Type)
		if err != nil {
			fail(err)
		}
		if err := proto.Unmarshal(line.Data, message); err != nil {
			fail(err)
		}
		rules, has := message.(interface{ Validate() error })
		if !has {
			fail(fmt.Errorf("%s has no rules", line.Type))
		}
		if err := rules.Validate(); err != nil {
			fmt.Fprintf(out, "%q\n", err.Error())
		} else {
			fmt.Fprintln(out, "ok")
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}
