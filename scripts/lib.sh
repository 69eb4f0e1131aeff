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
  ensure_packages build-essential pkg-config libtraceevent-dev libzstd-dev zlib1g-dev liblzma-dev libxxhash-dev libbpf-dev \
    libsqlite3-dev
}

# build_release PRODUCT...: builds .build/release/PRODUCT.
build_release() {
  local root product
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  for product in "$@"; do
    swift build -c release --package-path "$root" --product "$product" >&2
  done
}
