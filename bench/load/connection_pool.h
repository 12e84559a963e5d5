// All connections of the load generator and the loop that serves them.
//
// Two groups: the first `steady` connections each go on with their next batch when one is answered;
// the others are idle, silent but for those that are woken. A woken connection that has been
// answered falls silent and wakes another one, chosen at random.
// Threads: one.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "load/connection.h"
#include "load/latency_histogram.h"
#include "load/progress.h"
#include "load/random.h"
#include "load/request_source.h"

namespace rat_memcache::load {

// Nanoseconds of a clock that only moves forward.
int64_t NowNs();

class ConnectionPool {
 public:
  ConnectionPool(const ReplyParser::Shared* shared, Progress* progress, uint64_t seed);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  // Opens `count` more connections. The first call opens the steady ones.
  Status Open(const Address& address, uint32_t count);
  uint32_t size() const { return static_cast<uint32_t>(connections_.size()); }

  // Sends a batch on connection `index`, which is not busy.
  Status Start(uint32_t index, RequestSource* source);
  // Wakes one idle connection, chosen at random.
  Status Wake(RequestSource* source) { return Start(PickIdle(), source); }

  // Goes on with what was started until the deadline, or until the source has no more and
  // everything is answered. An error: the connection was lost, the server is silent, or it sent
  // what cannot be understood (which the faults tell).
  Status RunUntil(int64_t deadline_ns, RequestSource* source);
  Status RunToEnd(RequestSource* source);

  // How long requests took: from the write of their batch to the read that completed their reply.
  const LatencyHistogram& latency() const { return latency_; }
  void ClearLatency() { latency_.Clear(); }

 private:
  // What came of the readiness of one connection.
  Status Serve(uint32_t index, uint32_t events, RequestSource* source);
  void Watch(uint32_t index, int operation, bool for_writing);
  uint32_t PickIdle();
  // The errors for a silent connection that became readable, and for one that is gone.
  Status Unasked(uint32_t index);
  Status Lost(uint32_t index) const;

  const ReplyParser::Shared* const shared_;
  Progress* const progress_;
  const int epoll_;
  Random random_;
  std::vector<char> read_buffer_;
  std::vector<Connection> connections_;
  uint32_t steady_ = 0;
  uint32_t busy_ = 0;
  int64_t heard_ns_ = 0;  // when the server last said something
  LatencyHistogram latency_;
};

}  // namespace rat_memcache::load
