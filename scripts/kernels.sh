# Finds a kernel to boot, with its configuration, drivers and headers: source it after lib.sh, do not run it.
# shellcheck shell=bash disable=SC2034 # what it sets is for the scripts that source it

# shellcheck source-path=SCRIPTDIR source=debian.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# find_kernel WHICH FLAVOUR: sets
#   kernel_image    the image that boots (an x86 bzImage; what Debian calls vmlinuz on arm64)
#   kernel_release  what uname -r will say
#   kernel_folder   where its modules are, if it comes with any
#   kernel_config   its configuration, if it comes with one
#   kernel_package, kernel_version   the Debian package that the image is from, if it is from one
# WHICH is a line (6.12), a version (6.18.5), a package, an image, or a folder that has an image and its modules.
find_kernel() {
  kernel_image='' kernel_release='' kernel_folder='' kernel_config='' kernel_package='' kernel_version=''
  if [[ -d $1 ]]; then
    kernel_folder=${1%/}
    kernel_image=$(image_in "$kernel_folder")
  elif [[ -f $1 ]]; then
    kernel_image=$1
  elif [[ $1 == */* ]]; then
    fail "no such kernel image or folder: $1"
  else
    find_debian_kernel "$1" "$2"
    kernel_image=$(image_in "$kernel_folder")
  fi
  kernel_release=$(release_of "$kernel_image")
  find_config
}

# release_of IMAGE: the release in a bzImage's header (Documentation/arch/x86/boot.rst: kernel_version). An arm64 image has
# none; its name has.
release_of() {
  local at
  if [[ ${architecture:-amd64} == arm64 ]]; then
    case $1 in
      */vmlinuz-*) printf '%s\n' "${1##*/vmlinuz-}" ;;
      */modules/*/vmlinuz) basename "${1%/vmlinuz}" ;;
      *) fail "$1: an arm64 image whose name does not say its release (vmlinuz-RELEASE, lib/modules/RELEASE/vmlinuz)" ;;
    esac
    return
  fi
  [[ $(od -A n -c -j 514 -N 4 "$1") == *H*d*r*S* ]] || fail "$1 is not a kernel image (an x86 bzImage)"
  at=$(od -A n -t u2 -j 526 -N 2 "$1")
  od -A n -t x1 -v -j $((at + 512)) -N 200 "$1" | tr -d ' \n' | sed 's/20.*//; s/../\\x&/g' | xargs -0 printf '%b\n'
}

# image_in FOLDER: the one kernel image of an unpacked package, of a root, or of a tree that a kernel was built in.
image_in() {
  local pattern images=()
  for pattern in 'boot/vmlinuz-*' {usr/,}'lib/modules/*/vmlinuz'{,.unsigned} arch/x86/boot/bzImage vmlinuz bzImage; do
    mapfile -t images < <(compgen -G "$1/$pattern")
    ((${#images[@]} == 0)) || break
  done
  ((${#images[@]})) || fail "$1 has no kernel image (boot/vmlinuz-*, lib/modules/*/vmlinuz or arch/x86/boot/bzImage)"
  ((${#images[@]} == 1)) || fail "$1 has ${#images[@]} kernel images: name one of them (${images[*]##*/})"
  printf '%s\n' "${images[0]}"
}

find_config() {
  local beside=${kernel_image%/*} candidate
  [[ $kernel_image == */* ]] || beside=.
  for candidate in "$beside"/{"config-$kernel_release",config,../../../.config} "$kernel_folder"/.config; do
    if [[ -f $candidate ]]; then kernel_config=$candidate; return; fi
  done
}

# find_debian_kernel LINE-OR-PACKAGE FLAVOUR: sets kernel_folder, kernel_package and kernel_version: the newest that the
# archive still has. Its lists name kernels longer than it keeps them.
find_debian_kernel() {
  local candidates version package found gone=''
  with_debian_lock update_debian_lists
  candidates=$(kernel_candidates "$1" "$2") || exit 1
  while read -r version package; do
    if found=$(with_debian_lock unpacked_kernel "$package" "$version"); then
      kernel_folder=$found kernel_package=$package kernel_version=$version
      [[ $version == "${candidates%% *}" ]] ||
        note "the newest kernel $1 that Debian's archive still has is $version (of ${candidates%% *} it has no $gone)"
      return
    fi
    [[ -n $found ]] || exit 1 # for another reason, which has been told
    gone=${gone:-$found}
  done <<<"$candidates"
  fail "kernel $1 ($2) is gone from Debian's archive, which still lists it, ${candidates%% *} at the newest: it has no $gone"
}

# kernel_candidates LINE-OR-PACKAGE FLAVOUR: "version package" of each image package, the newest first.
kernel_candidates() {
  local suffix names lines
  case ${architecture:-amd64}-$2 in
    *-cloud | *-rt) suffix="$2-${architecture:-amd64}" ;;
    amd64-amd64 | arm64-arm64) suffix=$2 ;;
    arm64-16k) suffix=arm64-16k ;;
    arm64-*) fail "unknown flavour '$2' of arm64: cloud, arm64, 16k or rt" ;;
    *) fail "unknown flavour '$2': cloud, amd64 or rt" ;;
  esac
  if [[ $1 == linux-* ]]; then
    names=$1
  elif [[ $1 =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]]; then
    # The ABI number (5.10.0-32, 6.18.15+deb13, 6.1.0-0.deb11.52) changes with updates; a release candidate has none (7.3).
    names=$(debian_names linux-image- |
      grep -Ex "linux-image-${1//./\\.}(\\.[0-9]+)*([+-](deb)?[0-9][0-9a-z.]*)?-$suffix(-unsigned)?" | real_kernels) || true
  else
    fail "unknown kernel '$1': a line such as 6.12, a package, an image or a folder"
  fi
  # shellcheck disable=SC2086 # one name a word
  [[ -n $names ]] && debian_versions $names | grep . && return
  lines=$(debian_names linux-image- | sed -n "s/^linux-image-\([0-9]*\.[0-9]*\).*-${architecture:-amd64}.*/\1/p" | sort -uV | tr '\n' ' ')
  fail "no suite of Debian has a kernel $1 ($2); there are ${lines% }"
}

# real_kernels: of the names on stdin, those that are no metapackages (linux-image-6.12-amd64 depends on the newest one).
real_kernels() {
  local name release
  while read -r name; do
    release=${name#linux-image-}
    if [[ $release =~ ^[0-9]+\.[0-9]+-[a-z] ]]; then
      debian_names "linux-binary-$release" | grep -qx "linux-binary-$release" || continue
    fi
    echo "$name"
  done
}

# unpacked_kernel IMAGE-PACKAGE VERSION: the folder of the unpacked package. From 6.19 on the image package is empty: the
# kernel, its modules and its configuration have a package each, and the folder has all three. Returns 1 if the archive
# lacks one of them, and prints that one's name instead.
unpacked_kernel() {
  local release=${1#linux-image-} binary folder part parts=() versions
  release=${release%-unsigned}
  for binary in "linux-binary-unsigned-$release" "linux-binary-$release"; do
    versions=$(debian_versions "$binary" 2>/dev/null)
    [[ $versions != *"$2 $binary"* ]] || parts=("linux-modules-$release" "linux-base-$release" "$binary")
  done
  if ((${#parts[@]} == 0)); then
    debian_unpacked "$1" "$2"
    return
  fi
  folder="$debian_state/kernels/${release}_$2"
  if [[ ! -d $folder ]]; then
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    for part in "${parts[@]}"; do
      part=$(debian_unpacked "$part" "$2") || { echo "$part"; return 1; }
      cp -al "$part/." "$folder.part/"
    done
    mv -T "$folder.part" "$folder"
  fi
  printf '%s\n' "$folder"
}

# kernel_module NAME: the file of a module that the kernel comes with, packed or not; nothing if it has none.
kernel_module() {
  [[ -z $kernel_folder ]] ||
    find "$kernel_folder/" \( -name "$1.ko" -o -name "$1.ko.xz" -o -name "$1.ko.gz" -o -name "$1.ko.zst" \) -print -quit
}

# put_kernel_modules FOLDER NAME...: those of the modules that the kernel has, unpacked: insmod of busybox takes no other.
put_kernel_modules() {
  local folder=$1 name module
  shift
  mkdir -p "$folder"
  for name; do
    module=$(kernel_module "$name")
    case $module in
      '') ;;
      *.xz) xz -dc "$module" >"$folder/$name.ko" ;;
      *.gz) gzip -dc "$module" >"$folder/$name.ko" ;;
      *.zst) zstd -qdc "$module" >"$folder/$name.ko" ;;
      *) cp "$module" "$folder/$name.ko" ;;
    esac
  done
}

# need_of_kernel OPTION MODULE WHAT: ends with a word about it if the kernel's configuration says that it lacks what the
# recording cannot do without. Without a configuration the guest finds out. MODULE is '' for what is never one.
need_of_kernel() {
  local value
  [[ -n $kernel_config ]] || return 0
  value=$(sed -n "s/^$1=//p" "$kernel_config")
  [[ $value == [my] ]] || fail "kernel $kernel_release has no $3: $1 is not set"
  [[ $value == y || -n $(kernel_module "$2") ]] || fail "kernel $kernel_release has no $3: $1=m, and $2.ko did not come along"
}

# kernel_headers: the folder, as / would be, with the headers of the Debian kernel that find_kernel found, and with the
# programs that build a module for it. They name the packages that they are made of.
kernel_headers() {
  local headers="linux-headers-$kernel_release" tree="$debian_state/headers/${kernel_release}_$kernel_version"
  local package version parts=()
  [[ -n $kernel_package ]] || fail "$kernel_image is not from a Debian package: its headers are not known"
  if [[ ! -d $tree ]]; then
    mapfile -t parts < <(apt-cache "${debian_apt[@]}" show "$headers=$kernel_version" 2>/dev/null |
      sed -n 's/^Depends: //p' | tr ',' '\n' | sed -n 's/^ *\(linux-\(headers\|kbuild\)-[^ ]*\).*/\1/p')
    ((${#parts[@]} == 2)) ||
      fail "no suite of Debian has the headers of this kernel: $headers $kernel_version with its two parts (${parts[*]})"
    rm -rf "$tree.part"
    mkdir -p "$tree.part"
    for package in "$headers" "${parts[@]}"; do
      version=$(debian_versions "$package")
      # linux-kbuild-5.10 may be newer than the headers that it is for.
      [[ $version != *"$kernel_version $package"* ]] && version=${version%% *} || version=$kernel_version
      package=$(with_debian_lock debian_unpacked "$package" "$version") ||
        fail "Debian's archive does not have the headers of kernel $kernel_release any more: $package $version is gone"
      cp -al "$package/." "$tree.part/"
    done
    # It says /usr/src. A new file, since the old one is that of the unpacked package too.
    sed -i "s|/usr/src/|$tree/usr/src/|" "$tree.part/usr/src/$headers/Makefile"
    make_runnable "$tree.part" "$tree"
    mv -T "$tree.part" "$tree"
  fi
  printf '%s\n' "$tree"
}

# make_runnable FOLDER LATER-NAME: the programs of a newer Debian may want newer libraries than this machine has. Such a one
# gets a stand-in, which runs it with the libraries of the newest Debian.
make_runnable() {
  local program package version libraries="usr/lib/x86_64-linux-gnu"
  while read -r program; do
    if [[ ! -d $1/libraries ]]; then
      mkdir "$1/libraries"
      for package in libc6 libelf1t64 zlib1g libzstd1 libxxhash0; do
        version=$(debian_versions "$package")
        version=${version%% *}
        package=$(with_debian_lock debian_unpacked "$package" "$version") || fail "Debian's archive has no $package $version"
        cp -a "$package/$libraries"/*.so* "$1/libraries/"
      done
    fi
    mv "$program" "$program.own"
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/sh\nexec %s --library-path %s "$0.own" "$@"\n' "$2/libraries/ld-linux-x86-64.so.2" "$2/libraries" >"$program"
    chmod 755 "$program"
  done < <(find "$1/usr/lib" -type f -perm -100 -exec sh -c 'ldd "$1" 2>&1 | grep -q "not found"' - {} \; -print)
}
