// What the connections of a listener have in common.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "config/listen_address.h"

namespace rat_memcache::net {

class TlsContext;

struct ListenerTraits {
  enum class Transport : uint8_t { kTcp, kUnix };
  // What is demanded of clients in a TLS handshake.
  enum class ClientCert : uint8_t { kAsConfigured, kNone, kRequired };

  Transport transport = Transport::kTcp;
  TlsContext* tls = nullptr;  // null: no TLS. Outlives the connections
  ClientCert client_cert = ClientCert::kAsConfigured;
  config::WireProtocol protocol = config::WireProtocol::kNegotiated;
  std::string tag;
  // ADDRESS:PORT, an IPv6 address in brackets; or unix:PATH.
  std::string name = {};
};

}  // namespace rat_memcache::net
