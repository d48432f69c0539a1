# Sourced with $models, $venvs and $work set. Starts MLServer and KServe with one
# variant, waits until they answer, sets $servers to "NAME=HOST:PORT ..." and writes
# a hosts file. The servers end with the shell.
variant=mobilenet-32-pq
if ! [ -f "$models/$variant.tflite" ]; then
	echo "$models/$variant.tflite is missing: make fixtures VARIANTS='Mobilenet PQ 32'" >&2
	exit 5
fi
for name in mlserver kserve; do "$here/venv.sh" "$venvs" "$name"; done
pids='' servers=''
trap 'kill $pids 2>/dev/null || :' EXIT
start() { # NAME PORT
	"$venvs/$1/bin/python" "$here/serve_$1.py" "$models/$variant.tflite" "$2" >"$work/$1.log" 2>&1 &
	pids="$pids $!"
	n=0
	until "$venvs/$1/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $2), 1)" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 120 ] && kill -0 $! 2>/dev/null || { echo "$1 does not answer:" >&2; tail -20 "$work/$1.log" >&2; exit 5; }
		sleep 0.5
	done
	servers="$servers $1=127.0.0.1:$2"
}
start mlserver 18081
start kserve 18091
echo hosts: >"$work/hosts.yaml"
for server in $servers; do
	echo "  - {name: ${server%%=*}, address: \"${server#*=}\"}" >>"$work/hosts.yaml"
done
