# Packages of any suite of Debian, for the scripts beside it: source it after lib.sh, do not run it.
# shellcheck shell=bash
#
# The machine's own apt knows one release and its lists are its owner's business. This one has lists of its own, of all
# suites, from the archive that the machine's apt is configured for, and verifies them with Debian's keys. Nothing is
# installed by it.

debian_suites="bullseye bookworm bookworm-backports trixie trixie-backports sid experimental"
debian_security_suites="bullseye-security bookworm-security trixie-security"
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
debian_state="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache/debian"
debian_apt=(-q -o "Dir::Etc::sourcelist=$debian_state/debian.sources" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$debian_state/lists" -o Dir::State::status=/dev/null -o "Dir::Cache=$debian_state"
  -o Dir::Cache::pkgcache=packages.bin -o Dir::Cache::srcpkgcache=sources.bin -o APT::Sandbox::User=root)

# use_debian_architecture ARCHITECTURE: from now on the packages are of another architecture than this machine's; they have
# lists and a place of their own.
use_debian_architecture() {
  debian_state="${debian_state%-arm64}-$1"
  debian_apt=(-q -o "APT::Architecture=$1" -o "APT::Architectures::=$1" -o "Dir::Etc::sourcelist=$debian_state/debian.sources"
    -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$debian_state/lists" -o Dir::State::status=/dev/null
    -o "Dir::Cache=$debian_state" -o Dir::Cache::pkgcache=packages.bin -o Dir::Cache::srcpkgcache=sources.bin
    -o APT::Sandbox::User=root)
}

# debian_archive Debian|Debian-Security: where this machine's apt has the packages of this label from; nothing if nowhere.
debian_archive() {
  # shellcheck disable=SC2016 # apt replaces these
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(RELEASE)' 'Identifier: Packages' 'Component: main' |
    awk -F '|' -v wanted="$1" '
      # Before the machine has lists, an archive has no label yet; its name and its release tell.
      $1 == "" && $3 ~ /\/debian(-security)?\/?$/ {
        $1 = "Debian"
        $2 = $4 ~ /-security$|\/updates$/ ? "Debian-Security" : "Debian"
      }
      $1 == "Debian" && $2 == wanted && !found { print $3; found = 1 }'
}

# debian_source URI SUITES: a stanza of a sources file.
debian_source() {
  printf '%s\n' 'Types: deb' "URIs: $1" "Suites: $2" 'Components: main' 'Targets: Packages' \
    "Signed-By: $debian_keyring" ''
}

# update_debian_lists [now]: fetches the lists, unless they are younger than a day. A suite that the archive has no longer
# is passed over, and so is the whole update without a network, as long as there are lists.
update_debian_lists() {
  local archive security
  mkdir -p "$debian_state/lists/partial" "$debian_state/archives/partial"
  [[ ${1-} == now || -z $(find "$debian_state/fetched" -mtime -1 2>/dev/null) ]] || return 0
  ensure_packages debian-archive-keyring
  archive=$(debian_archive Debian)
  [[ -n $archive ]] || fail "this machine's apt is configured for no Debian archive: packages of Debian are wanted"
  security=$(debian_archive Debian-Security)
  {
    debian_source "$archive" "$debian_suites"
    [[ -z $security ]] || debian_source "$security" "$debian_security_suites"
  } >"$debian_state/debian.sources"
  note "fetching the lists of Debian's suites"
  apt-get -q "${debian_apt[@]}" update >"$debian_state/update.log" 2>&1 ||
    note "warning: not all lists could be fetched: $(grep -m 1 '^[EW]:' "$debian_state/update.log")"
  compgen -G "$debian_state/lists/*Packages*" >/dev/null ||
    fail "no list of packages of Debian can be had: see $debian_state/update.log"
  rm -f "$debian_state/gone"
  touch "$debian_state/fetched"
}

# with_debian_lock COMMAND...: one at a time, for what changes the state that all scripts share.
with_debian_lock() {
  local lock status=0
  mkdir -p "$debian_state"
  exec {lock}>"$debian_state/lock"
  flock "$lock"
  "$@" || status=$?
  exec {lock}>&-
  return "$status"
}

# debian_names PREFIX: the names of all packages that begin with it.
debian_names() { apt-cache "${debian_apt[@]}" pkgnames "$1"; }

# debian_versions PACKAGE...: "version package" of each that a suite has, the newest first; of one version in two
# packages, that with the longer name (an unsigned kernel) first.
debian_versions() {
  apt-cache "${debian_apt[@]}" madison "$@" | awk -F ' *[|] *' '{ sub(/^ +/, "", $1); print $2, $1 }' |
    LC_ALL=C sort -u -k 1,1Vr -k 2,2r
}

# debian_unpacked PACKAGE VERSION: downloads and unpacks a package under .cache/debian/packages once and prints the
# folder. Returns 1 and prints the package's name if the archive does not have it any more, though a list names it; that
# is not tried again till there are new lists.
debian_unpacked() {
  local folder="$debian_state/packages/$1_$2" work
  if [[ ! -d $folder ]]; then
    ! grep -qxFs "$1 $2" "$debian_state/gone" || { echo "$1"; return 1; }
    mkdir -p "${folder%/*}"
    work=$(mktemp -d "$debian_state/.fetch-XXXXXX")
    if ! (cd "$work" && apt-get "${debian_apt[@]}" download "$1=$2" >"$debian_state/download.log" 2>&1); then
      rm -rf "$work"
      grep -q '404\|Unable to locate\|was not found' "$debian_state/download.log" ||
        fail "cannot download $1 $2: $(grep -m 1 '^E:' "$debian_state/download.log")"
      echo "$1 $2" >>"$debian_state/gone"
      echo "$1"
      return 1
    fi
    dpkg -x "$work"/*.deb "$work/root" || fail "cannot unpack $1 $2"
    chmod 755 "$work/root"
    mv -T "$work/root" "$folder"
    rm -rf "$work"
  fi
  printf '%s\n' "$folder"
}
