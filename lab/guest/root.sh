# Builds the root file system in /newroot from the folders in lower, which stay read-only: all writes are kept in
# memory. Changes to that folder. The caller provides NAME, KERNEL, MODULES and lower (the uppermost folder first).
mount -t tmpfs -o mode=755,size=75% writes /writes
mkdir /writes/upper /writes/work
mount -t overlay -o "lowerdir=$lower,upperdir=/writes/upper,workdir=/writes/work" root /newroot || poweroff -f

mount --move /proc /newroot/proc
mount --move /sys /newroot/sys
mount --move /dev /newroot/dev
cd /newroot || poweroff -f
mkdir -p dev/pts dev/shm dev/hugepages
mount -t devpts -o mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t hugetlbfs hugetlbfs dev/hugepages 2> /dev/null # none in a PV domain
mount -t tmpfs -o mode=755 run run
mount -t debugfs debugfs sys/kernel/debug
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
hostname "$NAME"
ifconfig lo 127.0.0.1 up

mkdir -p run/lock run/user run/lab/jobs "lib/modules/$KERNEL"
mount --bind "/newroot$MODULES" "/newroot/lib/modules/$KERNEL"
cp /bin/busybox run/lab/
ln -s busybox run/lab/init
