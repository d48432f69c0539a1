#!/bin/sh
# Asks our own host, MLServer and KServe for the same model at the same loads, in one
# run of crossover load whose rounds take the servers in turn.
#
#   load.sh CROSSOVER MODELS WORK [flags of crossover load]
#
# CROSSOVER is the command, MODELS the folder of the variants, and WORK a folder for
# the virtual environments, the servers' logs and the run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
crossover=$1 models=$(cd "$2" && pwd) work=$3
shift 3
mkdir -p "$work"
venvs=$work/venvs
. "$here/servers.sh"
mkdir -p "$work/served"
cp "$models/$variant.tflite" "$models/manifest.json" "$work/served/"
"$crossover" host --models "$work/served" --listen 127.0.0.1:18071 --threads 1 --preload \
	--log "$work/crossover.log" >/dev/null &
pids="$pids $!"
echo '  - {name: crossover, address: "127.0.0.1:18071"}' >>"$work/hosts.yaml"
n=0
until "$crossover" load --hosts "$work/hosts.yaml" --host crossover --model "$variant" --clients 1 --rounds 1 \
	--duration 100ms --warmup 0s --out "$work/results" >/dev/null 2>&1; do
	n=$((n + 1))
	[ $n -lt 20 ] || { echo "the host does not answer:" >&2; tail -20 "$work/crossover.log" >&2; exit 5; }
	sleep 0.5
done
"$crossover" load --hosts "$work/hosts.yaml" --host crossover --host mlserver --host kserve --model "$variant" \
	--clients 1,4 --rate 50,200 --rounds 5 --duration 3s --out "$work/results" "$@"
