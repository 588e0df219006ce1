#!/bin/sh
# Exchanges the grant device's driver in guests, run in dom0. That the old one can be removed shows that nothing holds the
# device any more.
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
