# Shared by the scripts beside it; source it, do not run it.
# shellcheck shell=bash

# Messages go to stderr: stdout belongs to what a script prints for others.
note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
  note "error: $*"
  exit 1
}

# ensure_packages PACKAGE...: installs what is missing (Debian, as root), or says what to install.
ensure_packages() {
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  [[ $EUID -eq 0 ]] || fail "please install: apt-get install ${missing[*]}"
  note "installing ${missing[*]}"
  { apt-get update -q && apt-get install -qy --no-install-recommends "${missing[@]}"; } >&2 ||
    fail "apt-get could not install ${missing[*]}"
}

# What building takes on a fresh Debian 12 machine that has Swift.
ensure_build_packages() {
  command -v swift >/dev/null || fail "no swift on the PATH; install Swift 6.3 (https://swift.org/install)"
  ensure_packages build-essential pkg-config libtraceevent-dev libzstd-dev zlib1g-dev libxxhash-dev libbpf-dev
}

# build_release PRODUCT...: builds .build/release/PRODUCT. The Swift runtime is linked in: calls into it are direct then, and
# the program runs where no Swift is, as in a guest. (lld, since the other linkers warn of an unused function of Foundation.)
build_release() {
  local root product
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  for product in "$@"; do
    swift build -c release --static-swift-stdlib -Xswiftc -use-ld=lld --package-path "$root" --product "$product" >&2
  done
}

# newest_package REGEX: the newest package whose whole name matches. Kernel package names carry the
# ABI number, which every security update changes: they are looked up and never pinned.
newest_package() {
  local found
  found=$(apt-cache pkgnames | grep -Ex -- "$1" | sort -V | tail -n 1) || true
  [[ -n $found ]] || fail "apt knows no package like $1 (apt-get update? another release?)"
  printf '%s\n' "$found"
}

# newest_kernel 6.1|6.12 cloud|amd64|rt: the package that holds the newest image of this line.
newest_kernel() {
  local flavour
  case $2 in
    cloud | rt) flavour="$2-amd64" ;;
    amd64) flavour=amd64 ;;
    *) fail "unknown flavour '$2': cloud, amd64 or rt" ;;
  esac
  case $1 in
    6.1) newest_package "linux-image-6\\.1\\.0-[0-9]+-$flavour-unsigned" ;;
    6.12) newest_package "linux-image-6\\.12\\.[0-9]+\\+deb12-$flavour-unsigned" ;;
    *) fail "unknown kernel line '$1': 6.1 or 6.12" ;;
  esac
}

# unpacked_package PACKAGE CACHE: downloads and unpacks a package under CACHE once and prints the
# directory. Nothing is installed. A list of packages older than the archive is refreshed once.
unpacked_package() {
  local package=$1 cache=$2 apt=(apt-get -q -o APT::Sandbox::User=root)
  local directory="$cache/$package" work
  if [[ ! -d $directory ]]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/.fetch-XXXXXX")
    (cd "$work" && { "${apt[@]}" download "$package" ||
      { "${apt[@]}" update && "${apt[@]}" download "$package"; }; }) >&2 ||
      { rm -rf "$work"; fail "cannot download $package"; }
    dpkg -x "$work"/*.deb "$work/root" || fail "cannot unpack $package"
    dpkg-deb -f "$work"/*.deb Version >"$work/root/package-version"
    chmod 755 "$work/root"
    mv -T "$work/root" "$directory"
    rm -rf "$work"
  fi
  printf '%s\n' "$directory"
}
