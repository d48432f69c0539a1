#!/bin/sh
# Generates the Go code of inference.proto with the plugins that go.mod pins. Needs
# protoc 3.21 or newer (Debian: protobuf-compiler). OUT is the folder for the code;
# this one by default.
set -eu
cd "$(dirname "$0")"
out=${OUT:-.}
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
if ! command -v protoc >/dev/null; then
	echo "generate.sh: protoc is missing; install it (Debian: apt-get install protobuf-compiler)" >&2
	exit 1
fi
go build -o "$tools/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
PATH="$tools:$PATH" protoc --go_out="$out" --go_opt=paths=source_relative \
	--go-grpc_out="$out" --go-grpc_opt=paths=source_relative inference.proto
# The code does not depend on the compiler's version, so the version is removed.
sed -i '/^\/\/.*protoc  *v[0-9]/d' "$out"/inference.pb.go "$out"/inference_grpc.pb.go
