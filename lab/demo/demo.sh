#!/bin/sh
# Shows the main job between two Xen domains; dom0 runs this script. The guest exports a buffer; dom0 imports it, writes
# an answer into it and releases it. Each domain's lines appear as they are printed. The last line is for programs.
# Usage: demo.sh GUEST PEER [PWSH...]. With a PowerShell, the cmdlets do the work, otherwise the program PEER.
guest=$1
peer=$2
shift 2
. "$(dirname "$0")/common.sh"

if [ $# -gt 0 ]; then
    by=cmdlets
    echo "dom0   starts a PowerShell in each domain"
    $on "$guest" "$@" -NoProfile -File "$here/export.ps1" 2>&1 | from "$guest" &
    "$@" -NoProfile -File "$here/import.ps1" "$guest" 2>&1 | from dom0
else
    by=peer
    $on "$guest" timeout 90 "$peer" server tcpd:0.0.0.0:8000 0 2>&1 | from "$guest" &
    server=$!
    id=$(xl domid "$guest")
    # Runs the client again until the server listens, but gives up if the server has ended.
    tries=600
    reply='Thanks, and greetings from dom0.'
    until timeout 60 "$peer" client "tcp:$guest:8000" "$id" --reply "$reply" > "$work/client" 2>&1; do
        tries=$((tries - 1))
        grep -q ECONNREFUSED "$work/client" && kill -0 $server 2> /dev/null && [ $tries -gt 0 ] || break
        sleep 0.1
    done
    from dom0 < "$work/client"
fi
wait
grep -q -e 'reads: Hello from domain' -e '^range\[3\] 16384 bytes' "$work/dom0" || exit 1
grep -q 'greetings from dom0' "$work/$guest" || exit 1
refs=$(sed -n 's/.*refs=\([0-9]*\).*/\1/p' "$work/dom0")
via=$(sed -n 's/.*via[= ]\([a-z]*\).*/\1/p' "$work/dom0")
echo "demo: ok bytes=$((refs * 4096)) refs=$refs exporter=$guest importer=dom0 via=$via by=$by$arch"
