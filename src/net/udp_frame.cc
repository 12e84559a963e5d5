// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_frame.h"

#include "protocol/binary_format.h"

namespace rat_memcache::net {
namespace {

using protocol::binary::ReadBig;
using protocol::binary::WriteBig;

constexpr size_t kNumberAt = 2;
constexpr size_t kCountAt = 4;
constexpr size_t kReservedAt = 6;

constexpr std::string_view kAnswer = "ERROR";

}  // namespace

std::optional<UdpRequest> ReadUdpRequest(std::string_view datagram) {
  if (datagram.size() <= kUdpFrameBytes) return std::nullopt;
  if (ReadBig<uint16_t>(datagram.data() + kCountAt) != 1) return std::nullopt;
  const std::string_view payload = datagram.substr(kUdpFrameBytes);
  if (payload.starts_with(kAnswer)) return std::nullopt;
  return UdpRequest{.id = ReadBig<uint16_t>(datagram.data()), .payload = payload};
}

void WriteUdpFrame(const UdpFrame& frame, char* to) {
  WriteBig(to, frame.id);
  WriteBig(to + kNumberAt, frame.number);
  WriteBig(to + kCountAt, frame.count);
  WriteBig(to + kReservedAt, uint16_t{0});
}

}  // namespace rat_memcache::net
