#!/bin/sh
# Measures the software overhead of offloading: our own host, MLServer and KServe
# with the same model, and a TCP echo, in one run. The exit codes are crossover's: 3
# if a bound is exceeded.
#
#   overhead.sh CROSSOVER MODELS WORK [flags of crossover link overhead]
#
# CROSSOVER is the command, MODELS the folder of the variants, and WORK a folder for
# the virtual environments and the servers' logs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
crossover=$1 models=$(cd "$2" && pwd) work=$3
shift 3
mkdir -p "$work"
venvs=$work/venvs
. "$here/servers.sh"
"$crossover" link overhead --models "$models" --hosts "$work/hosts.yaml" "$@" 2>"$work/overhead.log"
