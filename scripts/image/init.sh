#!/bin/busybox sh
# The first program: finds the root by its partition's number on the disk of that signature, and
# hands over to it, read-only. What cannot be found is tried again by a reboot, for nobody is there.
b=/bin/busybox
new=/root
$b mount -t devtmpfs -o mode=0755,nosuid dev /dev
$b mount -t proc -o nosuid,nodev,noexec proc /proc
$b mount -t sysfs -o nosuid,nodev,noexec sys /sys
$b mount -t tmpfs -o mode=0755,nosuid,nodev,size=20% run /run
exec </dev/console >/dev/console 2>&1

for word in $($b cat /proc/cmdline); do
  case $word in
    root=PARTUUID=*) root=${word#root=PARTUUID=} ;;
    init=*) init=${word#init=} ;;
    rauc.slot=A) slot=a other=b ;;
    rauc.slot=B) slot=b other=a ;;
    haetae.trial=1) trial=1 ;;
  esac
done
for module in $($b cat /modules); do
  $b insmod "/lib/$module" 2>/dev/null || $b true
done

# Four bytes of a disk's first sector, little end first, as hexadecimal.
word_at() {
  $b dd if="/dev/$1" bs=1 skip="$2" count=4 2>/dev/null | $b hexdump -e '1/4 "%08x"'
}

find_disk() {
  for disk in /sys/block/mmcblk* /sys/block/vd* /sys/block/sd*; do
    disk=${disk##*/}
    [ -b "/dev/$disk" ] && [ "$(word_at "$disk" 440)" = "${root%-*}" ] && echo "$disk" && return
  done
}

# The partition of that number on that disk.
find_part() {
  for part in "/sys/block/$1"/*/partition; do
    [ -e "$part" ] && [ "$($b cat "$part")" = "$(($2))" ] || continue
    part=${part%/partition}
    echo "/dev/${part##*/}"
    return
  done
}

# Both roots by a name that does not depend on the kind of disk: RAUC writes the other one.
name_roots() {
  $b mkdir -p /dev/haetae
  $b ln -sf "$(find_part "$1" 2)" /dev/haetae/root-a
  $b ln -sf "$(find_part "$1" 3)" /dev/haetae/root-b
}

# A slot on trial has this one start. Before anything else of it runs, the next start is given back
# to the other slot, so that no hang, panic or power cut of this one can keep the board from it; the
# confirmation takes it again (docs/adr/0023-slots.md). One letter in one sector, overwritten in
# place. A card that the firmware started by tryboot.txt has the other slot's letter there already.
give_back() {
  echo "slot $slot" >/run/haetae-trial
  $b mkdir -p /boot
  if $b mount -t vfat -o rw,noatime,nodev,nosuid,noexec "$(find_part "$1" 1)" /boot; then
    if $b grep -q "^os_prefix=$slot/" /boot/config.txt; then
      $b sed "s:^os_prefix=$slot/:os_prefix=$other/:" /boot/config.txt >/config.new
      $b dd if=/config.new of=/boot/config.txt bs=64k conv=notrunc,fsync 2>/dev/null
    fi
    $b umount /boot && echo "haetae: slot $slot is on trial; the next start is slot $other"
  else
    echo "haetae: slot $slot is on trial, and the card cannot be told"
  fi
}

# Moves the end of the fourth partition, the data's, to the end of the card: at the first boot. Here,
# because nothing of the card is in use yet; its file system follows when it is mounted
# (x-systemd.growfs). Four bytes in one sector: a power cut leaves the old table or the new one.
grow_data() {
  start=$((0x$(word_at "$1" 502)))
  end=$((start + 0x$(word_at "$1" 506)))
  sectors=$($b cat "/sys/block/$1/size")
  [ $((sectors - end)) -ge 8192 ] && [ "$sectors" -le $((0xffffffff)) ] || return
  size=$((sectors - start))
  for shift in 0 8 16 24; do
    $b printf "\\$($b printf %03o $(((size >> shift) & 255)))"
  done | $b dd of="/dev/$1" bs=4 count=1 iflag=fullblock seek=506 oflag=seek_bytes \
    conv=notrunc,fsync 2>/dev/null
  $b blockdev --rereadpt "/dev/$1"
  echo "haetae: the data partition has grown by $(((sectors - end) / 2048)) MiB"
}

mount_root() {
  disk=$(find_disk) && [ -n "$disk" ] || return
  grow_data "$disk"
  name_roots "$disk"
  if [ "$trial" = 1 ]; then
    trial=0
    give_back "$disk"
  fi
  device=$(find_part "$disk" "0x${root##*-}") && [ -n "$device" ] || return
  $b mount -t squashfs -o ro,nodev "$device" $new
}

tries=0
until mount_root; do
  tries=$((tries + 1))
  if [ $tries -ge 150 ]; then
    echo "haetae: no root with PARTUUID=$root: is this card made for this image? Starting again."
    $b sleep 5
    $b reboot -f
  fi
  $b sleep 0.2
done

# The same number at every boot, though the root cannot be written: from the board's own serial
# number, by a hash, so that it does not tell it; a board without one gets a new number each time.
if [ -s /sys/firmware/devicetree/base/serial-number ]; then
  $b cat /sys/firmware/devicetree/base/serial-number | $b sed 's/^/haetae:/' | $b sha256sum
else
  $b dd if=/dev/urandom bs=32 count=1 2>/dev/null | $b sha256sum
fi | $b cut -c1-32 >/run/machine-id
$b mount --bind /run/machine-id $new/etc/machine-id

for each in dev proc sys run; do
  $b mount -o move "/$each" "$new/$each"
done
exec $b switch_root $new "${init:-/sbin/init}"
