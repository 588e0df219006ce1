#!/bin/sh
# Measures streams and channels between a guest and dom0, where this script runs: dom0 listens. In each run, the
# measurements take turns, so that a slow moment affects all. Prints "WHAT VALUE" with times in nanoseconds.
# Usage: streams.sh GUEST OURS RUNS ROUNDS BYTES
guest=$1
ours=$2
runs=$3
rounds=$4
bytes=$5
source=$(dirname "$0")/flow.c
id=$(xl domid "$guest") || exit

# The listener prints nothing, except in a flow.
pair() {
    "$ours" "$1" "$2" "$id" "$4" > listener.out &
    ssh -n "$guest" "$ours" "$1" "$3" 0 "$4" > guest.out && wait $! || exit
    cat listener.out guest.out
}
c=$(mktemp -d)/flow
cd "$(dirname "$c")" || exit
# Only the domains have Xen's library.
cc -O2 -o "$c" "$source" -l:libxenvchan.so.4.17 || exit
ssh "$guest" "mkdir $PWD && cat > $c && chmod +x $c" < "$c" || exit
port=8110
while [ "$runs" -gt 0 ]; do
    for carrier in vchan tcp; do
        for what in bare channel; do
            case $carrier in
                vchan) at="vchand:$id:bench" to=vchan:0:bench ;;
                tcp) port=$((port + 1)) at="tcpd:0.0.0.0:$port" to="tcp:dom0:$port" ;;
            esac
            value=$(pair "$what" "$at" "$to" "$rounds") || exit
            echo "$carrier-$what $value"
        done
        case $carrier in
            tcp) port=$((port + 1)) at="tcpd:0.0.0.0:$port" to="tcp:dom0:$port" ;;
        esac
        value=$(pair flow "$at" "$to" "$bytes") || exit
        echo "$carrier-flow $value"
    done
    path=/local/domain/0/data/vchan/$id/flow
    "$c" receive "$id" "$path" "$bytes" > listener.out &
    ssh -n "$guest" "$c" send 0 "$path" "$bytes" && wait $! || exit
    echo "c-flow $(cat listener.out)"
    xenstore-rm "$path" 2> /dev/null
    runs=$((runs - 1))
done
