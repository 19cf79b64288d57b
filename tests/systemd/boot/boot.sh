#!/bin/bash
# Boots systemd as PID 1 on a throw-away overlay of this machine's root, in namespaces of its own, and
# leaves what it found in $OUT. Nothing of the machine is changed. Runs as root; ends with the boot.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tree in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    [ -w "$tree/cgroup.procs" ] || continue
    mkdir -p "$tree/$CGROUP"
    echo $$ >"$tree/$CGROUP/cgroup.procs"
done
exec unshare --mount --pid --fork --kill-child --cgroup --net --uts --ipc --propagation private \
    "$here/root.sh"
