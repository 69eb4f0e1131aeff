# What differs between the architectures that record-vm boots: source it after kernels.sh, do not run it.
# shellcheck shell=bash disable=SC2034,SC2154 # what it sets is for the script that sources it, and so the other way round
#
# The guest of an amd64 kernel has this machine's programs and rmapcheck itself. That of an arm64 kernel has programs of
# Debian's arm64 packages, in the versions of this machine's release, and no rmapcheck: the host makes the probes from what
# a first boot brings out, and the guest writes the sidecar's counts.

# use_architecture amd64|arm64: which packages, compiler and emulator are used from now on.
use_architecture() {
  architecture=$1
  case $architecture in
    amd64) compiler=gcc console=ttyS0 ;;
    arm64)
      compiler=aarch64-linux-gnu-gcc console=ttyAMA0
      use_debian_architecture arm64
      ensure_packages qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross busybox-static trace-cmd ;;
  esac
}

# machine_words: the emulator and its machine, one word a line. Software emulation in any case.
machine_words() {
  case $architecture in
    amd64) printf '%s\n' qemu-system-x86_64 -cpu max ;;
    # Pointer authentication by QEMU's own cipher: the architecture's takes half of the time.
    arm64) printf '%s\n' qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on ;;
  esac
}

# disk_words ID FILE: a virtio disk, one word a line. The machine "virt" has no disks by itself: they come first in the guest
# as they come here.
disk_words() {
  case $architecture in
    amd64) printf '%s\n' -drive "file=$2,format=raw,if=virtio,cache=unsafe" ;;
    arm64) printf '%s\n' -drive "file=$2,format=raw,if=none,id=$1,cache=unsafe" -device "virtio-blk-pci,drive=$1" ;;
  esac
}

# kernel_page_size: PAGE_SIZE in bytes, by the kernel's configuration.
kernel_page_size() {
  local shift
  [[ -n $kernel_config ]] || fail "without the configuration of $kernel_image its page size is not known"
  shift=$(sed -n 's/^CONFIG_\(ARM64_\)\?PAGE_SHIFT=//p' "$kernel_config" | sed -n 1p)
  echo $((1 << ${shift:-12}))
}

# put_foreign_programs: busybox, trace-cmd and its libraries for a guest of another architecture than ours.
put_foreign_programs() {
  local package version folder
  for package in busybox-static trace-cmd libtracecmd1 libtracefs1 libtraceevent1 libzstd1 zlib1g libc6; do
    version=$(debian_version_here "$package")
    folder=$(with_debian_lock debian_unpacked "$package" "$version") || fail "Debian's archive has no $package $version for $architecture"
    mkdir -p "$guest"/{bin,lib,usr/lib}
    find "$folder" -path '*/bin/busybox' -exec cp {} "$guest/bin/" \;
    find "$folder" -path '*/bin/trace-cmd' -exec cp {} "$guest/bin/" \;
    # Only what the loader looks for; its own name is absolute.
    find "$folder" \( -name '*.so' -o -name '*.so.*' \) \( -path '*/lib/aarch64-linux-gnu/*' -o -name 'ld-linux-*' \) \
      ! -path '*/gconv/*' ! -path '*/traceevent/*' -exec cp -L {} "$guest/lib/" \; 2>/dev/null
  done
}

# debian_version_here PACKAGE: its newest version in the release that this machine runs.
debian_version_here() {
  local codename
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  apt-cache "${debian_apt[@]}" madison "$1" | grep " ${codename}[/-]" | awk -F ' *[|] *' '{ print $2 }' |
    LC_ALL=C sort -Vr | sed -n 1p | grep . || fail "Debian's archive has no $1 of $codename for $architecture"
}

# put_foreign_probes: the definitions and the functions that they are of, for a guest without rmapcheck. The kernel's types
# and symbols are kept: it boots for them once.
put_foreign_probes() {
  local scouted="$debian_state/scouted/$kernel_release"
  if [[ ! -s $scouted/btf ]]; then
    rm -rf "$scouted.part"
    mkdir -p "$scouted.part"
    : >"$guest/etc/record/scout"
    boot "$scouted.part" || true
    rm "$guest/etc/record/scout"
    [[ -s $scouted.part/btf && -s $scouted.part/kallsyms ]] ||
      fail "kernel $kernel_release does not come up, or has no BTF: see $out/console.log"
    mv -T "$scouted.part" "$scouted"
  fi
  "$rmapcheck" probes --btf "$scouted/btf" --kallsyms "$scouted/kallsyms" --level "$level" \
    --page-size "$page_size" >"$guest/etc/record/probes" 2>"$work/probes.log" ||
    fail "no probes for kernel $kernel_release: $(tail -n 1 "$work/probes.log")"
  "$rmapcheck" doctor --btf "$scouted/btf" --kallsyms "$scouted/kallsyms" --config "$kernel_config" --level "$level" \
    >"$out/doctor.txt" || note "warning: doctor has doubts about this kernel: see $out/doctor.txt"
}
