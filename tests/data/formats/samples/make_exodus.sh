#!/bin/bash
# Makes exodus.tar.xz beside this script with the Exodus library itself (Debian 12: libexodusii-dev).
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/exodus"
gcc "$samples/make_exodus.c" -lexoIIv2c -lnetcdf -lm -o "$work/make"
cd "$work/exodus"
../make
cd "$work"
tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/exodus.tar.xz" exodus
rm -rf "$work"
