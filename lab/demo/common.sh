# What the demonstrations' scripts share: here, their folder; on, which runs a command in a guest; work, a folder for
# files; and from, which prints one side's output, with the side's name in front, and keeps it in a file.
here=$(dirname "$0")
on=/run/lab/jobs/on
work=$(mktemp -d)
from() { tee "$work/$1" | while IFS= read -r line; do printf '%-6s %s\n' "$1" "$line"; done; }
