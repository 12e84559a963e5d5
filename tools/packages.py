# SPDX-License-Identifier: LGPL-3.0-or-later
"""Debian packages that the build and the tests need, and their installation."""

import os
import platform
import shutil
import subprocess

import steps

BUILD = ["g++", "cmake", "ninja-build", "libasio-dev", "libssl-dev", "libxxhash-dev"]
TEST = ["clang", "libclang-rt-14-dev", "llvm-14", "libgtest-dev", "libgmock-dev",
        "libbenchmark-dev", "memcached", "openssl", "python3-pymemcache", "python3-pylibmc",
        "python3-memcache", "libmemcached-tools", "libcache-memcached-perl", "php-cli",
        "php-memcached", "ruby", "ruby-dalli", "nodejs", "npm", "sasl2-bin", "libsasl2-modules",
        "libsasl2-modules-db"]
LAB = ["python3-matplotlib"]
CHECK = ["clang-format-14", "clang-tidy-14"]


def _installed():
    """All installed packages, and what they provide: some nodejs brings its own npm."""
    query = subprocess.run(["dpkg-query", "-W", "-f",
                            "${db:Status-Status} ${Package}, ${Provides}\n"],
                           capture_output=True, text=True, check=False)
    found = set()
    for line in query.stdout.splitlines():
        status, names = line.split(" ", 1)
        if status == "installed":
            found |= {name.split()[0] for name in names.split(",") if name.strip()}
    return found


def need(packages):
    """Installs what is missing of `packages`, asking nothing. Elsewhere than on Debian it says what
    to install and goes on: configuring will name what it does not find."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        if shutil.which("cmake") is None:
            raise steps.Failed(f"This is {platform.system()}, not Debian: install by hand what "
                               f"Debian calls {', '.join(packages)}")
        return
    installed = _installed()
    missing = [name for name in packages if name not in installed]
    if not missing:
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    if prefix and shutil.which("sudo") is None:
        raise steps.Failed(f"As root, run: apt-get install {' '.join(missing)}")
    steps.run([*prefix, "apt-get", "update", "-q"], "package lists", env=env)
    steps.run([*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *missing],
              f"installing {len(missing)} packages", env=env)
