// The frame of memcached's datagrams: 8 bytes in front of a piece of a message.
//
//   0        2        4        6        8
//   | id     | number | count  | 0      | payload ...            all of them big endian
//
// A request is one datagram. An answer may be several, each full but the last, with the id of its
// request: number 0 to count - 1.
//
// Source: memcached's doc/protocol.txt, "UDP protocol", and the behaviour of the server.
//
// Threads: any; pure functions.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rat_memcache::net {

inline constexpr size_t kUdpFrameBytes = 8;
// Of an answer: what passes through nearly every network in one piece.
inline constexpr size_t kUdpDatagramMax = 1400;
inline constexpr size_t kUdpPayloadMax = kUdpDatagramMax - kUdpFrameBytes;
// Of a request; more cannot be sent.
inline constexpr size_t kUdpRequestMax = size_t{64} << 10;

struct UdpRequest {
  uint16_t id;
  std::string_view payload;
};

// Nothing if the datagram gets no answer: nothing behind the frame, or one of several datagrams.
// Neither does what is an answer itself, the word ERROR: two servers that were made to talk to each
// other, by somebody who writes the one's address on a request to the other, would never end.
std::optional<UdpRequest> ReadUdpRequest(std::string_view datagram);

struct UdpFrame {
  uint16_t id;
  uint16_t number;
  uint16_t count;
};

// kUdpFrameBytes at `to`.
void WriteUdpFrame(const UdpFrame& frame, char* to);

// Datagrams that a message takes.
constexpr size_t UdpDatagramsFor(size_t message_bytes) {
  return (message_bytes + kUdpPayloadMax - 1) / kUdpPayloadMax;
}

}  // namespace rat_memcache::net
