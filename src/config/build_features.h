// What this build serves, for options whose silent loss would hurt: who asks for a password or for
// TLS must not be served without. An option whose feature is off is refused and not in the help.
//
// Whoever makes the server do one of these switches it on in kBuildFeatures, in the same change.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

namespace rat_memcache::config {

struct Features {
  bool unix_socket = false;      // -s, -a
  bool udp = false;              // -U
  bool binary_protocol = false;  // -B binary, proto[binary]:
  bool sasl = false;             // -S
  bool ascii_auth = false;       // -Y
  bool tls = false;              // -Z, -o ssl_*, notls: btls: mtls:
};

inline constexpr Features kBuildFeatures{
    .unix_socket = true,
    .udp = true,
    .binary_protocol = true,
    .sasl = true,
    .ascii_auth = true,
    .tls = true,
};
inline constexpr Features kAllFeatures{
    .unix_socket = true,
    .udp = true,
    .binary_protocol = true,
    .sasl = true,
    .ascii_auth = true,
    .tls = true,
};

}  // namespace rat_memcache::config
