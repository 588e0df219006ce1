#!/bin/sh
# Shows the main job between a KVM guest and its host, which runs this script. The guest makes and fills a buffer; the
# host reads it as a dma-buf, writes an answer into it and releases it. The last line is for programs.
# Usage: kvm.sh GUEST CID PEER [PWSH...]. With a PowerShell, the cmdlets do the work, otherwise the program PEER.
guest=$1
cid=$2
peer=$3
shift 3
. "$(dirname "$0")/common.sh"

if [ $# -gt 0 ]; then
    by=cmdlets
    echo "host   starts a PowerShell here and in the guest"
    $on "$guest" "$@" -NoProfile -File "$here/kvm-guest.ps1" 2>&1 | from "$guest" &
    "$@" -NoProfile -File "$here/kvm-host.ps1" "$guest" "$cid" 2>&1 | from host
else
    by=peer
    reply='Thanks, and greetings from the host.'
    timeout 120 "$peer" client vsockd:-1:900 "$cid" --guest "/run/$guest.sock" --qmp "/run/$guest.qmp" \
        --reply "$reply" 2>&1 | from host &
    # Runs the server again until the host listens: first, the guest has to start the device that QEMU adds.
    tries=300
    until $on "$guest" timeout 60 "$peer" server vsock:2:900 > "$work/server" 2>&1; do
        tries=$((tries - 1))
        grep -q -e ECONNREFUSED -e ECONNRESET "$work/server" && [ $tries -gt 0 ] || break
        sleep 0.2
    done
    from "$guest" < "$work/server"
fi
wait
grep -q -e 'reads: Hello from a guest' -e '^range\[3\] 16384 bytes' "$work/host" || exit 1
grep -q 'greetings from the host' "$work/$guest" || exit 1
ranges=$(sed -n 's/.*ranges=\([0-9]*\).*/\1/p' "$work/host" | tail -n 1)
echo "demo: ok bytes=65536 ranges=$ranges guest=$guest via=guest-pages by=$by"
