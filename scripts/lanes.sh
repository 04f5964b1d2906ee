# Sourced by what runs several rows of tests side by side: `start NAME...` sets off a function of that name in the background,
# `finish NAME` shows what it said as it says it, and sets `status` to 1 where it failed.

status=0
logs=$(mktemp -d)
declare -A lanes=()

suite() { # Tests that a -k leaves none of are no failure (status 5).
    .venv/bin/python -m pytest "$@" || (($? == 5)) || status=1
}
start() { # A process group of its own: ctrl-C is passed on below, where a plain background job would never see it.
    set -m
    "$@" >"$logs/$1" 2>&1 &
    set +m
    lanes[$1]=$!
}
finish() {
    echo "==> $1"
    tail -n +1 -f --pid="${lanes[$1]}" "$logs/$1" &
    wait "${lanes[$1]}" || status=1
    wait $!
}
stop() { for lane in "${lanes[@]}"; do kill -INT -- -"$lane" 2>/dev/null; done; }
trap stop INT TERM
trap 'rm -rf "$logs"' EXIT
