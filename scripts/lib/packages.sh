# shellcheck shell=bash
# The Debian 12 packages that Staffetta wants, and how they get onto a machine. To be sourced.

# shellcheck disable=SC2034  # the lists are for those who source this
PACKAGES_BUILD=(
  clang-16 cmake ninja-build ccache mold pkg-config
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev
  libboost1.81-dev libhiredis-dev libunbound-dev libzstd-dev libyaml-cpp-dev libspdlog-dev
  libssl-dev libidn2-dev libcli11-dev prometheus-cpp-dev libgtest-dev libgmock-dev
)
# shellcheck disable=SC2034
PACKAGES_RUN=(redis-server)
# shellcheck disable=SC2034
PACKAGES_TEST=(
  postfix swaks libnet-ssleay-perl msmtp curl gsasl nsd openssl python3 python3-aiosmtpd
  ca-certificates git clang-format-16 clang-tidy-16 libclang-rt-16-dev llvm-16 shellcheck jq
  strace python3-grpcio python3-protobuf python3-yaml
)
# What Exim wants, for tests/clients and tests/smuggling: it cannot be installed beside Postfix and is
# unpacked.
# shellcheck disable=SC2034
PACKAGES_EXIM=(libdb5.3 libgnutls-dane0 libidn12 libnsl2)
# What only tests/clients wants: the clients in other languages.
# shellcheck disable=SC2034
PACKAGES_CLIENTS=(
  python3-aiosmtplib libauthen-sasl-perl libio-socket-ssl-perl php-cli php-net-smtp php-mail
  php-mail-mime libphp-phpmailer php-mbstring ruby ruby-mail default-jdk-headless
  libjakarta-mail-java golang-go golang-github-emersion-go-smtp-dev
  golang-github-emersion-go-sasl-dev gcc libc6-dev libesmtp-dev mutt s-nail
)
# Node.js from elsewhere brings its own npm, which Debian's package would fight with.
if ! command -v npm >/dev/null; then
  PACKAGES_TEST+=(nodejs npm)
fi

# Packages that come with a service, and its name. We want the programs alone.
declare -A PACKAGE_SERVICE=([redis-server]=redis-server [postfix]=postfix [nsd]=nsd)

# ensure_packages PACKAGE…: installs those that are missing, and nothing when none is. Services
# that come along are neither started nor enabled; those that were there before are left alone.
# Returns 1, with the reason on stderr, when something is missing and cannot be installed.
ensure_packages() {
  local missing=() package
  for package in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ! command -v apt-get >/dev/null; then
    echo "Missing: ${missing[*]}. Only Debian's apt-get is known here." >&2
    return 1
  fi
  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "Missing packages; as root, run: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  # shellcheck disable=SC2016  # the inner shell expands
  "${as_root[@]}" bash -c "$(declare -f install_quietly)"'; install_quietly "$@"' _ "${missing[@]}" || {
    echo "Could not install ${missing[*]}" >&2
    return 1
  }
  for package in "${missing[@]}"; do
    if [[ -n ${PACKAGE_SERVICE[$package]-} ]] && command -v systemctl >/dev/null; then
      "${as_root[@]}" systemctl --quiet disable "${PACKAGE_SERVICE[$package]}" || return 1
    fi
  done
}

# install_quietly PACKAGE…: as root; asks nothing and starts no service. Debian's maintainer
# scripts ask policy-rc.d before they start one, and 101 says no.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d
  export DEBIAN_FRONTEND=noninteractive
  if [[ ! -e $policy ]]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  if [[ " $* " == *" postfix "* ]]; then
    echo 'postfix postfix/main_mailer_type select Local only' | debconf-set-selections
  fi
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
}
