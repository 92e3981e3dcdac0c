#!/bin/sh
# Makes everything that a build of lastmile needs and that git does not hold:
# a C++ compiler, libtorch, the copy of gotch that is fitted to it, and the flags
# of lastmile's own C++. Done once; when there is nothing to do it ends at once.
#
# LIBTORCH chooses the libtorch: a folder with include and lib (an official
# archive, or the torch folder of a Python environment), or "system". Without
# it the last choice is kept. At first that is the system's libtorch, which is
# installed by apt where it is missing; a system whose archive has none (Ubuntu
# 24.04) gets a Python environment with PyTorch's own.
set -eu

fit=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$fit/../../.." && pwd)
made="$root/.made-by-make-setup"
gotch="$made/gotch"
# The version that the fitter was tried with.
torch=torch==2.15.0

say() { printf '%s\n' "$*"; }
stop() {
	printf 'make setup: %s\n' "$*" >&2
	exit 1
}

can_install() {
	command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1; }
}

# install PACKAGE... asks apt for packages, once its lists are fresh.
install() {
	command -v apt-get >/dev/null 2>&1 ||
		stop "these Debian packages or what corresponds to them are needed, and there is no apt-get to install them: $*"
	as_root=
	if [ "$(id -u)" != 0 ]; then
		as_root=sudo
		command -v sudo >/dev/null 2>&1 ||
			stop "these packages are needed; install them as root and try again: apt-get install $*"
	fi
	say "Installing $* …"
	update_lists
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >"$made/apt.log" 2>&1 || {
		cat "$made/apt.log" >&2
		stop "apt-get could not install $*"
	}
}

updated=
update_lists() {
	[ -z "$updated" ] || return 0
	updated=yes
	if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi ||
		stop "apt-get update failed"
}

has_package() {
	update_lists && apt-cache show "$1" >/dev/null 2>&1
}

distribution_libtorch() {
	[ -e /usr/include/torch/csrc/api/include/torch/version.h ]
}

system_libtorch() {
	distribution_libtorch || [ -e /usr/local/include/torch/csrc/api/include/torch/version.h ]
}

run_fit() {
	(cd "$fit" && GOFLAGS='' GOWORK=off go run . -out "$gotch" -fused "$root/harness/torch/fused" "$@")
}

case ${LIBTORCH:-} in
"" | system | /*) ;;
*) LIBTORCH="$PWD/$LIBTORCH" ;;
esac

command -v go >/dev/null 2>&1 ||
	stop "there is no go command; install Go 1.26 or newer from https://go.dev/dl/ and put its bin folder into PATH"
case $(cd / && go env GOVERSION) in
go1.? | go1.?.* | go1.1[0-9]* | go1.20*)
	stop "$(cd / && go env GOVERSION) is too old to fetch the Go release that lastmile asks for; install Go 1.26 or newer from https://go.dev/dl/" ;;
esac

# Nothing to do is the common case.
if run_fit -check -libtorch "${LIBTORCH:-}" 2>/dev/null; then
	exit 0
fi

mkdir -p "$made"
if ! command -v "${CXX:-g++}" >/dev/null 2>&1; then
	install g++
fi

choice=${LIBTORCH:-}
if [ -z "$choice" ] || [ "$choice" = system ]; then
	if ! system_libtorch && [ -z "$choice" ] && [ -d "$made/libtorch" ]; then
		choice="$made/libtorch"
	elif ! system_libtorch && can_install && has_package libtorch-dev; then
		install libtorch-dev libopenblas0-openmp
	elif ! system_libtorch && [ -z "$choice" ]; then
		# PyTorch's own server has wheels for processors only; PyPI's, the
		# second choice, come with some 3 GB of CUDA.
		if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
			install python3 python3-venv
		fi
		say "There is no package of libtorch here: fetching PyTorch's own …"
		rm -rf "$made/venv"
		python3 -m venv "$made/venv"
		"$made/venv/bin/pip" install -q --retries 1 --index-url https://download.pytorch.org/whl/cpu "$torch" 2>/dev/null ||
			"$made/venv/bin/pip" install -q "$torch" ||
			stop "pip could not install $torch; name a folder that has libtorch instead: make setup LIBTORCH=/path/to/libtorch"
		packages=$("$made/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
		ln -sfn "${packages#"$made"/}/torch" "$made/libtorch"
		choice="$made/libtorch"
	fi
	# Other variants of OpenBLAS have threads of their own, which fight with
	# libtorch's. The fitted copy links to this one, whatever the system's
	# default is.
	set -- /usr/lib/*/openblas-openmp/libopenblas.so.0
	if [ "$choice" != "$made/libtorch" ] && distribution_libtorch && [ ! -e "$1" ]; then
		if can_install; then
			install libopenblas0-openmp
		else
			say "Install libopenblas0-openmp and run make setup again: without it lastmile is slow."
		fi
	fi
fi
run_fit -libtorch "$choice"
