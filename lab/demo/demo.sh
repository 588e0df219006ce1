#!/bin/sh
# The main job between two domains of Xen, run in dom0: the guest exports a buffer, dom0 imports it, answers in it and
# releases it. Each domain's lines come as they are said; the last line is for machines.
# Usage: demo.sh GUEST PEER [PWSH...]: with a PowerShell the cmdlets do it, else the program PEER.
guest=$1
peer=$2
shift 2
here=$(dirname "$0")
on=/run/lab/jobs/on
work=$(mktemp -d)
# What one domain says, here and in a file.
from() { tee "$work/$1" | while IFS= read -r line; do printf '%-6s %s\n' "$1" "$line"; done; }

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
    # The client begins anew until the server listens, and no more once that one has ended.
    tries=600
    until timeout 60 "$peer" client "tcp:$guest:8000" "$id" --reply 'Thanks, and greetings from dom0.' > "$work/client" 2>&1; do
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
echo "demo: ok bytes=$((refs * 4096)) refs=$refs exporter=$guest importer=dom0 via=$via by=$by"
