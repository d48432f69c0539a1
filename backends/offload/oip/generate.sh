#!/bin/sh
# Generates the Go code of inference.proto with the plugins that go.mod pins.
# Wants protoc 3.21 or newer (Debian: protobuf-compiler); OUT is where the code
# goes, this folder by default.
set -eu
cd "$(dirname "$0")"
out=${OUT:-.}
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
command -v protoc >/dev/null || { echo "generate.sh: protoc is missing; install it (Debian: apt-get install protobuf-compiler)" >&2; exit 1; }
go build -o "$tools/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
PATH="$tools:$PATH" protoc --go_out="$out" --go_opt=paths=source_relative \
	--go-grpc_out="$out" --go-grpc_opt=paths=source_relative inference.proto
# The compiler's own version is no part of the code: another protoc gives the same.
sed -i '/^\/\/.*protoc  *v[0-9]/d' "$out"/inference.pb.go "$out"/inference_grpc.pb.go
