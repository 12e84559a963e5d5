// One datagram in, the datagrams that answer it out. No sockets.
//
// A datagram stands for itself: what it says begins with it and is forgotten with it, whether or
// not it was complete. Its first byte decides for the text or the binary protocol. Its commands are
// carried out one by one, and what each answers is a message of its own, as in memcached: of a get
// of several keys each that is found, the last one together with END.
//
// Who asks may not be who is answered: the sender's address can be made up. So what one datagram
// brings about has a limit, kAnswersMax; the message that would exceed it is not sent, and what
// stands behind its command is not carried out. The same if a datagram cannot be sent: then the
// rest of its message would be of no use.
//
// What needs a connection is refused: watch, and dumps, which are made as they are read.
//
// Threads: one owner.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/gather_buffer.h"
#include "command/executor.h"
#include "net/udp_frame.h"
#include "observe/counters.h"
#include "protocol/request.h"

namespace rat_memcache::net {

class UdpExchange {
 public:
  // Datagrams that answer one: 1.4 MB, enough for the largest item of the default -I.
  static constexpr size_t kAnswersMax = 1024;

  // What it works with, and with others in turns. `out` is empty between calls.
  struct Tools {
    command::Executor* executor;
    protocol::RequestBatch* batch;
    GatherBuffer* out;
    observe::ThreadCounters* counters;
    bool streaming = true;  // whether its commands are known
  };
  // False if the datagram could not be sent.
  using Send = std::function<bool(std::string_view datagram)>;

  explicit UdpExchange(const Tools& tools) : tools_(tools) {}
  UdpExchange(const UdpExchange&) = delete;
  UdpExchange& operator=(const UdpExchange&) = delete;

  struct Outcome {
    size_t answers = 0;  // datagrams sent
    bool unsent = false;
  };
  // `descriptor` names the socket in reports.
  Outcome Serve(std::string_view datagram, int64_t descriptor, const Send& send);

 private:
  // False if nothing more of the datagram is to be carried out.
  bool ServeRequest(const protocol::Request& request, command::Session* session);
  // What is in `out`, if there is anything.
  bool SendMessage(const Send& send);

  const Tools tools_;
  uint16_t id_ = 0;  // of the request that is served
  Outcome outcome_;
  std::array<char, kUdpDatagramMax> datagram_;
};

}  // namespace rat_memcache::net
