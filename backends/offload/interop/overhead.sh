#!/bin/sh
# Measures what offloading costs in software: our own host, MLServer and KServe
# with the same model, and a TCP echo, in one run. Exit codes as crossover's:
# 3 when a bound is exceeded.
#
#   overhead.sh CROSSOVER MODELS WORK [flags of crossover link overhead]
#
# CROSSOVER is the command, MODELS the folder of the variants, WORK where the
# virtual environments and the servers' logs go.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
crossover=$1 models=$(cd "$2" && pwd) work=$3
shift 3
mkdir -p "$work"
venvs=$work/venvs
. "$here/servers.sh"
"$crossover" link overhead --models "$models" --hosts "$work/hosts.yaml" "$@" 2>"$work/overhead.log"
