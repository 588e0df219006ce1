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
work=$(mktemp -d)
cd "$work" || exit

mkfifo c.exports c.imports c.said ours.exports ours.imports ours.said
import() { "$2" $3 "/run/$1.sock" "$cid" "$4" "$copies" < "$1.imports" > "$1.import" & }
import c "$c" import 8101
import ours "$ours" pages-import 8102
exec 3> c.imports 4> ours.imports
until [ -S /run/c.sock ] && [ -S /run/ours.sock ]; do sleep 0.1; done
vm start "$guest" \
    -chardev socket,id=c,path=/run/c.sock -device vhost-user-fs-pci,chardev=c,tag=c \
    -chardev socket,id=ours,path=/run/ours.sock -device vhost-user-fs-pci,chardev=ours,tag=ours || exit
export() { ssh "$guest" "$2" $3 "$4" < "$1.exports" > "$1.said" & }
export c "$c" export 8101
export ours "$ours" pages-export 8102
exec 5> c.exports 6< c.said 7> ours.exports 8< ours.said

turn() {
    case $1 in
        c) echo "$2" >&3 && echo "$2" >&5 && read -r line <&6 ;;
        ours) echo "$2" >&4 && echo "$2" >&7 && read -r line <&8 ;;
    esac || exit
    echo "$1 $line"
}
for step; do
    rounds=${step#*:}
    while [ "$rounds" -gt 0 ]; do
        # The second of a round profits from the caches that the first one filled, so the order alternates.
        if [ $((rounds % 2)) = 0 ]; then order='c ours'; else order='ours c'; fi
        for pair in $order; do turn "$pair" "${step%:*}"; done
        rounds=$((rounds - 1))
    done
done
exec 3>&- 4>&- 5>&- 7>&-
wait
vm stop "$guest"
sed 's/^/c /' c.import
sed 's/^/ours /' ours.import
