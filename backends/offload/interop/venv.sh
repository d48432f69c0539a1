#!/bin/sh
# Makes the virtual environment NAME under VENVS from the pinned, hashed
# requirements beside this script, unless it exists. Usage: venv.sh VENVS NAME
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$1/$2
want=$(sha256sum <"$here/$2.txt")
[ "$(cat "$venv/requirements.sha256" 2>/dev/null)" = "$want" ] && exit 0
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/$2.txt"
echo "$want" >"$venv/requirements.sha256"
