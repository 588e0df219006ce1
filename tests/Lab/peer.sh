#!/bin/sh
# Runs one hand-off of dmabuf-peer between two domains; dom0 runs this script. It prints the output of both sides.
# Usage: peer.sh EXPORTER IMPORTER tcp|xenstore PEER REPLY
exporter=$1
importer=$2
peer=$4
reply=$5
on=/run/lab/jobs/on
id() { if [ "$1" = dom0 ]; then echo 0; else xl domid "$1"; fi; }

case $3 in
    tcp) listen=tcpd:0.0.0.0:8000 connect=tcp:$exporter:8000 ;;
    xenstore) listen=xenstore:peer connect=xenstore:peer ;;
esac
$on "$exporter" timeout 50 "$peer" server "$listen" "$(id "$importer")" 2>&1 &
server=$!
said=$(mktemp)
# By tcp, the importer tries again until the exporter listens.
until $on "$importer" timeout 50 "$peer" client "$connect" "$(id "$exporter")" --reply "$reply" > "$said" 2>&1; do
    grep -q ECONNREFUSED "$said" && kill -0 $server || break
done
cat "$said"
wait $server
