#!/bin/sh
# Runs rounds of a hand-off between two domains; dom0 runs this script. For each size, the C pair and ours take turns,
# so that a slow moment affects both. Prints each side's lines, with the pair's name in front.
# Usage: pair.sh EXPORTER IMPORTER udmabuf|gntalloc C OURS COPIES SIZE:ROUNDS...
exporter=$1
importer=$2
backing=$3
c=$4
ours=$5
copies=$6
shift 6
. "$(dirname "$0")/../steps.sh"
work=$(mktemp -d)
cd "$work" || exit
# Runs a program in a domain; the program inherits this script's input.
on() {
    domain=$1
    shift
    if [ "$domain" = dom0 ]; then "$@"; else ssh "$domain" "$@"; fi
}
id() { if [ "$1" = dom0 ]; then echo 0; else xl domid "$1"; fi; }

# Raises the drivers' own limits, which are below 128 MiB, so that Xen's limits apply.
case $backing in
    udmabuf) limit=udmabuf/parameters/size_limit_mb most=256 ;;
    gntalloc) limit=xen_gntalloc/parameters/limit most=65536 ;;
esac
on "$exporter" tee "/sys/module/$limit" > /dev/null << END || exit
$most
END

mkfifo c.sizes c.said ours.sizes ours.said
start() {
    on "$exporter" "$2" export "$3" "$(id "$importer")" "$backing" < "$1.sizes" > "$1.said" &
    on "$importer" "$2" import "$exporter" "$3" "$(id "$exporter")" "$copies" < /dev/null > "$1.import" &
}
start c "$c" 8101
start ours "$ours" 8102
exec 3> c.sizes 4< c.said 5> ours.sizes 6< ours.said

turn() {
    case $1 in
        c) echo "$2" >&3 && read -r line <&4 ;;
        ours) echo "$2" >&5 && read -r line <&6 ;;
    esac || exit
    echo "$1 $line"
}
run_steps "$@"
exec 3>&- 5>&-
wait
sed 's/^/c /' c.import
sed 's/^/ours /' ours.import
