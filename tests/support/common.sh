# Sourced by the start recipes beside it. Each recipe runs one real server in the foreground:
#   RECIPE DIR PORT    data, log and everything else in DIR, listening on 127.0.0.1:PORT
# The same DIR again keeps the data. SIGTERM stops the server in order; SIGKILL takes everything down at once, as a
# crash would, and so does the end of the process that started the recipe: nothing is left running.
# shellcheck shell=bash
set -euo pipefail
recipe=$(basename "$0")
if [[ $# -ne 2 || ! $2 =~ ^[0-9]+$ ]]; then
    echo "usage: $recipe DIR PORT" >&2
    exit 2
fi
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The end of whoever started us ends us: what a parent's death signal is for. It is the end of the *thread* that did it,
# so a multi-threaded program starts recipes from a thread that stays.
if [[ -z ${WARREN_RECIPE_PARENT:-} ]]; then
    WARREN_RECIPE_PARENT=$PPID exec setpriv --pdeathsig TERM "$0" "$@"
fi
[[ $PPID == "$WARREN_RECIPE_PARENT" ]] || exit 1
unset WARREN_RECIPE_PARENT

mkdir -p "$1"
dir=$(cd "$1" && pwd) port=$2
exec >>"$dir/log" 2>&1 </dev/null

need() { # need COMMAND PACKAGE: the recipe's server, or a line that says what to install
    command -v "$1" >/dev/null || { echo "$recipe: $1 is missing; install the package $2 (make setup)" && exit 127; }
}

open_port() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

children=()
declare -A stop_signal=()
# child COMMAND...: starts it; it is killed when this script is, however that happens.
child() {
    setpriv --pdeathsig KILL "$@" &
    children+=($!)
}

# Stops all children, the last started first, and waits until they have gone.
stop_children() {
    trap '' TERM INT
    local index pid
    for ((index = ${#children[@]} - 1; index >= 0; --index)); do
        pid=${children[index]}
        kill -"${stop_signal[$pid]:-TERM}" "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}
trap 'stop_children; exit 0' TERM INT

# serve: waits until a signal asks to stop, or a child ends by itself, which ends all.
serve() {
    local status=0
    wait -n "${children[@]}" || status=$?
    echo "$recipe: a process ended with status $status"
    stop_children
    exit $((status ? status : 1))
}
