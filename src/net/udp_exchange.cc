// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_exchange.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "protocol/parser.h"

namespace rat_memcache::net {
namespace {

using observe::Count;
using protocol::Op;

constexpr std::string_view kNoWatch = "ERROR watch needs a connection; use TCP\r\n";
constexpr std::string_view kNoDump = "ERROR a dump needs a connection; use TCP\r\n";

// Moves the next bytes of the buffer.
void TakeFront(GatherBuffer* buffer, char* to, size_t bytes) {
  while (bytes > 0) {
    std::string_view part;
    buffer->Peek(std::span(&part, 1));
    const size_t taken = std::min(bytes, part.size());
    std::memcpy(to, part.data(), taken);
    buffer->Consume(taken);
    to += taken;
    bytes -= taken;
  }
}

}  // namespace

UdpExchange::Outcome UdpExchange::Serve(std::string_view datagram, int64_t descriptor,
                                        const Send& send) {
  outcome_ = {};
  const auto request = ReadUdpRequest(datagram);
  if (!request) {
    tools_.counters->Add(Count::kUdpRequestsDropped);
    return outcome_;
  }
  id_ = request->id;
  protocol::Parser parser;
  command::Session session;
  session.descriptor = descriptor;
  session.over_udp = true;
  for (std::string_view input = request->payload; !input.empty();) {
    tools_.batch->Clear();
    parser.AllowStreaming(tools_.streaming);
    parser.RequireLogin(tools_.executor->NeedsLogin(session));
    const auto progress = parser.Parse(input, tools_.batch);
    for (const protocol::Request& parsed : *tools_.batch) {
      const bool go_on = ServeRequest(parsed, &session);
      if (!SendMessage(send) || !go_on) return outcome_;
    }
    input.remove_prefix(progress.consumed);
    if (progress.close || (progress.consumed == 0 && tools_.batch->empty())) break;
  }
  return outcome_;
}

bool UdpExchange::ServeRequest(const protocol::Request& request, command::Session* session) {
  if (request.op == Op::kWatch) {
    tools_.out->Append(kNoWatch);
    return true;
  }
  const auto after = tools_.executor->RunOne(request, session, tools_.out);
  if (session->producer != nullptr) {
    session->producer.reset();
    tools_.out->Clear(tools_.out->capacity());
    tools_.out->Append(kNoDump);
  }
  return after == command::Executor::After::kGoOn;
}

bool UdpExchange::SendMessage(const Send& send) {
  GatherBuffer& out = *tools_.out;
  const size_t count = UdpDatagramsFor(out.size());
  bool sent = count <= kAnswersMax - outcome_.answers;
  for (size_t number = 0; number < count && sent; ++number) {
    WriteUdpFrame(
        {.id = id_, .number = static_cast<uint16_t>(number), .count = static_cast<uint16_t>(count)},
        datagram_.data());
    const size_t payload = std::min(out.size(), kUdpPayloadMax);
    TakeFront(&out, datagram_.data() + kUdpFrameBytes, payload);
    sent = send({datagram_.data(), kUdpFrameBytes + payload});
    if (sent) ++outcome_.answers;
  }
  if (sent) return true;
  out.Clear(out.capacity());
  tools_.counters->Add(Count::kUdpAnswersDropped);
  outcome_.unsent = true;
  return false;
}

}  // namespace rat_memcache::net
