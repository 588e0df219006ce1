#!/bin/sh
# Changes the grant device's driver in guests; dom0 runs this script. Removing the old driver succeeds only if nothing
# holds the device any more.
# Usage: driver.sh FILE DOMAIN...
file=$1
shift
case $file in
    *.xz) unpack=xzcat ;;
    *) unpack=cat ;;
esac
for domain; do
    ssh -n "$domain" "rmmod xen_gntdev && $unpack $file > /run/gntdev.ko && insmod /run/gntdev.ko" || exit
done
