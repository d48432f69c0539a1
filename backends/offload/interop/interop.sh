#!/bin/sh
# Runs the interoperability tests: NVIDIA's Triton client with our host, and our
# client with MLServer and KServe. Usage: interop.sh MODELS WORK
set -eu
here=$(cd "$(dirname "$0")" && pwd)
models=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
venvs=$work/venvs
"$here/venv.sh" "$venvs" tritonclient
. "$here/servers.sh"
cd "$here"
CROSSOVER_INTEROP_MODELS=$models CROSSOVER_INTEROP_PYTHON=$venvs/tritonclient/bin/python \
	CROSSOVER_INTEROP_SERVERS=$servers go test -count=1 -v .
