#!/usr/bin/env bash
# Becomes the build program, which gets PowerShell by itself. build.ps1 does the same from a PowerShell.
# Usage: build.sh [build|test|demo|shell|lab|bench|docs|package|clean] [options]
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/build/run" "${@:-build}"
