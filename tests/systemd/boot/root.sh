#!/bin/bash
# In the namespaces: makes the throw-away root, sets the scene, becomes systemd. See boot.sh.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=$OUT.root
mkdir "$base"
mount -t tmpfs tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
root=$base/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"

# What the overlay does not have: other file systems below /, if the checkout or Python is on one.
for folder in "$CHECKOUT" "$PREFIX"; do
    [ -e "$root$folder" ] || mkdir -p "$root$folder"
    [ -n "$(ls -A "$root$folder")" ] || mount --bind "$folder" "$root$folder"
    while [ "$folder" != / ]; do # the person of the test may look into what belongs to root here
        chmod o+rx "$root$folder" 2>/dev/null || true
        folder=$(dirname "$folder")
    done
done

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
touch "$root/dev/console"
mkdir -p "$root/out"
mount --bind "$OUT" "$root/out"

# Services of this machine that have nothing to do in there
rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/user/*.wants
mkdir -p "$root/etc/systemd/system"
for unit in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
    systemd-modules-load.service systemd-sysctl.service systemd-timesyncd.service getty@tty1.service \
    console-getty.service systemd-networkd.service e2scrub_reap.service systemd-journald-audit.socket \
    sys-kernel-debug.mount dev-hugepages.mount sys-kernel-tracing.mount sys-kernel-config.mount \
    sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount systemd-remount-fs.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
: >"$root/etc/fstab"
mkdir -p "$root/etc/tmpfiles.d"
ln -sf /dev/null "$root/etc/tmpfiles.d/tmp.conf" # a boot empties /tmp, where the checkout may lie
echo boot >"$root/etc/hostname"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"

# The person, who stays logged in, and what the probes look for
chroot "$root" groupadd --force --gid 1501 ingle-gpu
chroot "$root" useradd --create-home --uid 1500 --shell /bin/bash --groups ingle-gpu ingle-person
mkdir -p "$root/var/lib/systemd/linger" "$root/opt/ingle-boot/open" "$root/usr/lib/modules"
touch "$root/var/lib/systemd/linger/ingle-person"
chmod 1777 "$root/opt/ingle-boot/open"
install -m 4755 "$(command -v id)" "$root/opt/ingle-boot/id-as-root"
cp "$here"/*.py "$root/opt/ingle-boot/"
mknod "$root/dev/kmsg" c 1 11
chmod 666 "$root/dev/kmsg"
mknod "$root/dev/gpu" c 1 3
chroot "$root" chown root:ingle-gpu /dev/gpu
chmod 660 "$root/dev/gpu"

printf '%s\n' '[Unit]' 'Requires=basic.target' 'After=basic.target' 'AllowIsolate=yes' \
    'Wants=systemd-logind.service dbus.service systemd-user-sessions.service ingle-boot.service' \
    >"$root/etc/systemd/system/ingle-boot.target"
cat >"$root/etc/systemd/system/ingle-boot.service" <<UNIT
[Unit]
Wants=user@1500.service
After=user@1500.service systemd-logind.service systemd-user-sessions.service
[Service]
Type=oneshot
Environment=PYTHON=$PYTHON
StandardOutput=file:/out/checks.log
StandardError=inherit
ExecStart=$PYTHON /opt/ingle-boot/checks.py
ExecStopPost=/bin/systemctl --no-block poweroff --force
UNIT
exec 3>"$root/out/console.log"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
exec env -i container=ingle-boot PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system \
    --unit=ingle-boot.target --log-target=console --log-level=notice --show-status=true >&3 2>&3 3>&-
