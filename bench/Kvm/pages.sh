#!/bin/sh
# Runs rounds of a hand-off from a guest to its host, which runs this script. For each step, the C pair and ours take
# turns, so that a slow moment affects both. Prints each side's lines, with the pair's name in front. The guest is
# started here, with a vhost-user device for each pair.
# Usage: pages.sh GUEST CID C OURS COPIES SIZE[h]:ROUNDS...
guest=$1
cid=$2
c=$3
ours=$4
copies=$5
shift 5
# A side that fails ends the other, instead of having it wait for ever.
limit="timeout 600"
. "$(dirname "$0")/../steps.sh"
work=$(mktemp -d)
cd "$work" || exit

mkfifo c.exports c.imports c.said ours.exports ours.imports ours.said
rm -f /run/c.sock /run/ours.sock
start_import() { $limit "$2" $3 "/run/$1.sock" "$cid" "$4" "$copies" < "$1.imports" > "$1.import" & }
start_import c "$c" import 8101
start_import ours "$ours" pages-import 8102
exec 3> c.imports 4> ours.imports
# Scattered pages are more ranges than the usual 1024, and 1 GiB is more than the usual 64 MiB.
limits='cd /sys/module/udmabuf/parameters && echo 16384 > list_limit && echo 2048 > size_limit_mb'
sh -c "$limits" || exit
until [ -S /run/c.sock ] && [ -S /run/ours.sock ]; do
    tries=$((${tries:-0} + 1))
    [ $tries -lt 300 ] || exit
    sleep 0.1
done
# QEMU would keep what it inherits open, and the importers would not see the end of their input.
vm start "$guest" \
    -chardev socket,id=c,path=/run/c.sock -device vhost-user-fs-pci,chardev=c,tag=c \
    -chardev socket,id=ours,path=/run/ours.sock -device vhost-user-fs-pci,chardev=ours,tag=ours \
    3>&- 4>&- || exit
ssh -n "$guest" "$limits" || exit
start_export() { $limit ssh "$guest" "$2" $3 "$4" < "$1.exports" > "$1.said" & }
start_export c "$c" export 8101
start_export ours "$ours" pages-export 8102
exec 5> c.exports 6< c.said 7> ours.exports 8< ours.said

round() {
    case $1 in
        c) echo "$2 $memfd" >&5 && read -r line <&6 && echo "$2" >&3 && read -r line <&6 ;;
        ours) echo "$2" >&7 && read -r line <&8 && echo "$2" >&4 && read -r line <&8 ;;
    esac || exit
    echo "$1 $line"
}
turn() {
    if [ "$2" != "$step" ]; then
        step=$2
        # Makes the buffer, whose pages both pairs share.
        round ours "$step"
        memfd=${line##* }
    fi
    round "$@"
}
run_steps "$@"
exec 3>&- 4>&- 5>&- 7>&-
wait
vm stop "$guest"
sed 's/^/c /' c.import
sed 's/^/ours /' ours.import
