#!/bin/sh
# Measures streams, channels and streams of frames between a guest and dom0, where this script runs: dom0 listens. In
# each run, the measurements take turns, so that a slow moment affects all. Prints "WHAT VALUE" with times in
# nanoseconds.
# Usage: streams.sh GUEST OURS RUNS ROUNDS BYTES
guest=$1
ours=$2
runs=$3
rounds=$4
bytes=$5
source=$(dirname "$0")/flow.c
id=$(xl domid "$guest") || exit

# One of the two prints the value.
# Usage: pair WHAT LISTENING CONNECTING ARGUMENT...
pair() {
    what=$1 at=$2 to=$3
    shift 3
    "$ours" "$what" "$at" "$id" "$@" > listener.out &
    ssh -n "$guest" "$ours" "$what" "$to" 0 "$@" > guest.out && wait $! || exit
    cat listener.out guest.out
}
c=$(mktemp -d)/flow
cd "$(dirname "$c")" || exit
# Only the domains have Xen's library.
cc -O2 -o "$c" "$source" -l:libxenvchan.so.4.17 || exit
# For two buffers of 1920x1080, 1013 pages each.
ssh -n "$guest" "echo 4096 > /sys/module/xen_gntalloc/parameters/limit" || exit
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
    for frames in '320 240' '1920 1080' '320 240 read' '1920 1080 read'; do
        value=$(pair frames "vchand:$id:bench" vchan:0:bench "$rounds" $frames) || exit
        echo "$(echo "frames $frames" | tr ' ' -) $value"
    done
    runs=$((runs - 1))
done
