// What a meta command (mg, ms, md, ma, me) says beyond its key: flags, each a letter that may carry
// a token.
//
// All commands share one table of letters; a letter that means nothing to a command is accepted and
// ignored, as in memcached. Flags that ask for something come back in the order in which they were
// written, so their text is kept.
//
// Source: memcached's doc/protocol.txt ("Meta Commands"), and its behaviour.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rat_memcache::protocol {

struct MetaRequest {
  // Of a key in base64: at most 250 characters of it.
  static constexpr size_t kDecodedKeyMax = 188;

  bool Has(char letter) const { return (seen >> (letter - 'A') & 1) != 0; }
  bool quiet() const { return Has('q'); }
  bool base64() const { return Has('b'); }
  // Nothing said. What lies in decoded_key does not matter.
  void Clear() {
    seen = 0;
    flags = wire_key = {};
    mode = 0;
    exptime = create_exptime = recache_exptime = 0;
    client_flags = 0;
    compare_cas = new_cas = initial = 0;
    delta = 1;
  }

  uint64_t seen;           // bit i: the letter 'A' + i was there
  std::string_view flags;  // as written, from the first to the last
  std::string_view wire_key;
  char mode;                // M; 0: not given
  int32_t exptime;          // T, as the client wrote it
  int32_t create_exptime;   // N, the same
  int32_t recache_exptime;  // R, the same
  uint32_t client_flags;    // F
  uint64_t compare_cas;     // C
  uint64_t new_cas;         // E
  uint64_t delta;           // D
  uint64_t initial;         // J
  // What the key of the request refers to if it came in base64.
  std::array<char, kDecodedKeyMax> decoded_key;
};

// Walks the flags in the order they were written: calls visit(letter, token) for each.
template <class Visit>
void ForEachMetaFlag(std::string_view flags, Visit&& visit) {
  const char* at = flags.data();
  const char* const end = at + flags.size();
  while (at < end) {
    while (at < end && *at == ' ') {
      ++at;
    }
    if (at == end) return;
    const char* const word = at++;
    while (at < end && *at != ' ') {
      ++at;
    }
    const char letter = *word;
    visit(letter, std::string_view(word, static_cast<size_t>(at - word)).substr(1));
  }
}

}  // namespace rat_memcache::protocol
