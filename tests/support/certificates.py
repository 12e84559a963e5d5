# SPDX-License-Identifier: LGPL-3.0-or-later
"""Certificates for tests, made with the openssl command: a CA, and whom it vouches for.

The keys are elliptic and so made at once. Nothing here is secret, nothing lasts longer than the test.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class Authority:
    """A CA in `folder`; names tell several apart."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._name = name
        self._serial = 0
        self.pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        _openssl("req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", self.pair.key, "-out", self.pair.certificate)

    @property
    def certificate(self) -> Path:
        return self.pair.certificate

    def issue(self, name: str, common_name: str = "127.0.0.1") -> Pair:
        self._serial += 1
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request = self._folder / f"{name}.csr"
        extensions = self._folder / f"{name}.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1\n")
        _openssl("req", "-new", *CURVE, "-subj", f"/CN={common_name}", "-keyout", pair.key,
                 "-out", request)
        _openssl("x509", "-req", "-in", request, "-days", "2", "-CA", self.pair.certificate,
                 "-CAkey", self.pair.key, "-set_serial", str(self._serial), "-extfile", extensions,
                 "-out", pair.certificate)
        # The server may be another user than we are.
        pair.key.chmod(0o644)
        return pair


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
