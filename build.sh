#!/usr/bin/env bash
# Runs build.ps1 with the pwsh that is on PATH, or else with the one that is pinned as a .NET tool. Where neither can
# be had, the same tasks run without pwsh and say what they left out.
# Usage: build.sh build|test|demo|lab|bench|docs|package|clean [options]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
task=${1:-build}
shift || true

# Quoted, a word stays as it is; after -File, PowerShell would take "-t" for its own -Task.
command="& '${root//\'/\'\'}/build.ps1' -Task '$task'"
for word in "$@"; do
    command+=" '${word//\'/\'\'}'"
done
command+='; exit $LASTEXITCODE'

if command -v pwsh > /dev/null; then
    exec pwsh -NoProfile -Command "$command"
fi

# A failed download is not tried again within the hour.
failed=$root/out/no-pwsh-tool
if [ -z "$(find "$failed" -mmin -60 2> /dev/null)" ]; then
    if (cd "$root" && timeout 300 dotnet tool restore > /dev/null 2>&1); then
        export DOTNET_ROLL_FORWARD=Major
        cd "$root"
        exec dotnet tool run pwsh -NoProfile -Command "$command"
    fi
    mkdir -p "$root/out"
    touch "$failed"
fi
exec "$root/build/run" "$task" "$@"
