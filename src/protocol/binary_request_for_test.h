// Builds binary requests; for tests and fuzzers.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/binary_format.h"

namespace rat_memcache::protocol::binary {

// A number as it stands in a packet.
template <class T>
std::string Big(T value) {
  std::string text(sizeof value, '\0');
  WriteBig(text.data(), value);
  return text;
}

struct TestRequest {
  Opcode opcode = Opcode::kGet;
  std::string key;
  std::string extras;
  std::string value;
  uint64_t cas = 0;
  uint32_t opaque = 0;
};

// A header that says anything.
inline std::string HeaderText(uint8_t opcode, uint16_t key, uint8_t extras, uint32_t body,
                              uint32_t opaque = 0, uint64_t cas = 0) {
  std::string text;
  text += static_cast<char>(kRequestMagic);
  text += static_cast<char>(opcode);
  text += Big(key);
  text += static_cast<char>(extras);
  text += '\0';
  text += Big(uint16_t{0});
  return text + Big(body) + Big(opaque) + Big(cas);
}

inline std::string Packet(const TestRequest& request) {
  const size_t body = request.extras.size() + request.key.size() + request.value.size();
  return HeaderText(static_cast<uint8_t>(request.opcode), static_cast<uint16_t>(request.key.size()),
                    static_cast<uint8_t>(request.extras.size()), static_cast<uint32_t>(body),
                    request.opaque, request.cas) +
         request.extras + request.key + request.value;
}
inline std::string Packet(Opcode opcode, std::string_view key = {}, std::string_view extras = {},
                          std::string_view value = {}) {
  return Packet({.opcode = opcode,
                 .key = std::string(key),
                 .extras = std::string(extras),
                 .value = std::string(value)});
}
inline std::string StoreExtras(uint32_t client_flags, uint32_t exptime) {
  return Big(client_flags) + Big(exptime);
}
inline std::string CountExtras(uint64_t delta, uint64_t initial, uint32_t exptime) {
  return Big(delta) + Big(initial) + Big(exptime);
}

}  // namespace rat_memcache::protocol::binary
