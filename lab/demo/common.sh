# What the demonstrations' scripts share: here, their folder; on, which runs a command in a guest; work, a folder for
# files; from, which prints one side's output, with the side's name in front, and keeps it in a file; and arch, the end
# of the last line where the processor is not the usual one.
here=$(dirname "$0")
on=/run/lab/jobs/on
work=$(mktemp -d)
from() { tee "$work/$1" | while IFS= read -r line; do printf '%-6s %s\n' "$1" "$line"; done; }
case $(uname -m) in
    aarch64) arch=' arch=arm64' ;;
    *) arch= ;;
esac
