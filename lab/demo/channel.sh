#!/bin/sh
# Shows a cycle of three buffers between two Xen domains over vchan; dom0 runs this script. The guest fills the buffers
# in turn; dom0 reads each and releases it. The last line is for programs.
# Usage: channel.sh GUEST PEER [PWSH...]. With a PowerShell, the cmdlets do the work, otherwise the program PEER.
guest=$1
peer=$2
shift 2
. "$(dirname "$0")/common.sh"
turns=12

if [ $# -gt 0 ]; then
    by=cmdlets
    echo "dom0   starts a PowerShell in each domain"
    $on "$guest" "$@" -NoProfile -File "$here/channel.ps1" produce dom0 $turns 2>&1 | from "$guest" &
    "$@" -NoProfile -File "$here/channel.ps1" consume "$guest" 2>&1 | from dom0
else
    by=peer
    # The tests give this script 60 s.
    id=$(xl domid "$guest")
    $on "$guest" timeout 50 "$peer" publish vchan:0:dmabufps --turns $turns 2>&1 | from "$guest" &
    timeout 50 "$peer" consume "vchand:$id:dmabufps" 2>&1 | from dom0
fi
wait
read_turns=$(grep -c '^turn [0-9]*$' "$work/dom0")
grep -q "^turns=$turns buffers=3" "$work/$guest" && [ "$read_turns" = $turns ] || exit 1
echo "demo: ok turns=$turns buffers=3 exporter=$guest importer=dom0 via=vchan by=$by$arch"
