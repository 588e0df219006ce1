#!/bin/sh
# Shows a guest's camera in dom0 without a copy, on the distribution's driver; dom0 runs this script. The guest captures
# into pages that dom0 maps; dom0 writes the first frame as a picture. The last line is for programs.
# Usage: video.sh PICTURE GUEST PEER [PWSH...]. With a PowerShell, the cmdlets do the work, otherwise the program PEER.
picture=$1
guest=$2
peer=$3
shift 3
. "$(dirname "$0")/common.sh"
frames=60

$on "$guest" modprobe vivid
$on "$guest" tee /sys/module/xen_gntalloc/parameters/limit > /dev/null << END
16384
END
if [ $# -gt 0 ]; then
    by=cmdlets
    echo "dom0   starts a PowerShell in each domain"
    $on "$guest" "$@" -NoProfile -File "$here/video.ps1" send dom0 $frames 2>&1 | from "$guest" &
    "$@" -NoProfile -File "$here/video.ps1" receive "$guest" $frames "$picture" 2>&1 | from dom0
else
    by=peer
    timeout 120 "$peer" receiver_zc -p 9000 -o "$picture" 2>&1 | from dom0 &
    $on "$guest" timeout 120 "$peer" sender_zc -a dom0 -p 9000 -D 0 -n $frames -k 5000 -t 60000 2>&1 | from "$guest"
fi
wait
field() { sed -n "s/.*$1=\([^ ]*\).*/\1/p" "$work/$guest" | tail -n 1; }
[ "$(field frames)" = $frames ] && [ "$(field copied)" = 0 ] && [ "$(field via)" = grants ] || exit 1
[ -s "$picture" ] || exit 1
echo "demo: ok frames=$frames dropped=$(field dropped) fps=$(field fps) picture=$picture via=zero-copy by=$by$arch"
