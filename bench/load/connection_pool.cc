// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/connection_pool.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

namespace rat_memcache::load {
namespace {

constexpr size_t kReadBufferBytes = 262144;
constexpr int64_t kSilenceMaxS = 30;
constexpr int64_t kNsPerS = 1000000000;

}  // namespace

int64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * kNsPerS + now.tv_nsec;
}

ConnectionPool::ConnectionPool(const ReplyParser::Shared* shared, Progress* progress, uint64_t seed)
    : shared_(shared),
      progress_(progress),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      random_(seed),
      read_buffer_(kReadBufferBytes) {
  RAT_CHECK(epoll_ >= 0, "no descriptor left for epoll");
}

ConnectionPool::~ConnectionPool() { ::close(epoll_); }

Status ConnectionPool::Open(const Address& address, uint32_t count) {
  const bool first_call = connections_.empty();
  connections_.reserve(connections_.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    Result<int> fd = address.Connect();
    if (!fd.ok()) {
      return Error{"connection " + std::to_string(size() + 1) + ": " + fd.error().message};
    }
    connections_.emplace_back(fd.value(), shared_);
    Watch(size() - 1, EPOLL_CTL_ADD, false);
    progress_->Show("connecting", i, count);
  }
  if (first_call) steady_ = count;
  return Done{};
}

void ConnectionPool::Watch(uint32_t index, int operation, bool for_writing) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (for_writing) event.events |= EPOLLOUT;
  event.data.u32 = index;
  const int failed = ::epoll_ctl(epoll_, operation, connections_[index].fd(), &event);
  RAT_CHECK(failed == 0, "epoll_ctl on an open connection");
}

Status ConnectionPool::Start(uint32_t index, RequestSource* source) {
  Connection& connection = connections_[index];
  RAT_DCHECK(!connection.busy(), "a batch on top of another");
  connection.batch().Clear();
  source->Fill(&connection.batch(), &connection.missed_ids());
  if (connection.batch().empty()) return Done{};
  connection.Begin(NowNs());
  ++busy_;
  if (!connection.Send()) return Lost(index);
  if (!connection.send_is_complete()) Watch(index, EPOLL_CTL_MOD, true);
  return Done{};
}

uint32_t ConnectionPool::PickIdle() {
  const uint32_t idle = size() - steady_;
  RAT_CHECK(idle > 0, "no idle connection to wake");
  for (;;) {
    const uint32_t index = steady_ + random_.Below(idle);
    if (!connections_[index].busy()) return index;
  }
}

Status ConnectionPool::RunToEnd(RequestSource* source) {
  return RunUntil(std::numeric_limits<int64_t>::max(), source);
}

Status ConnectionPool::RunUntil(int64_t deadline_ns, RequestSource* source) {
  std::array<epoll_event, 256> events;
  constexpr int kWaitMs = 20;
  heard_ns_ = NowNs();
  while (busy_ > 0) {
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), kWaitMs);
    if (count < 0 && errno != EINTR) return Error{std::string("epoll_wait: ") + strerror(errno)};
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      Status served = Serve(event.data.u32, event.events, source);
      if (!served.ok()) return served;
    }
    const int64_t now_ns = NowNs();
    if (count > 0) heard_ns_ = now_ns;
    if (now_ns >= deadline_ns) break;
    if (now_ns - heard_ns_ > kSilenceMaxS * kNsPerS) {
      return Error{"the server has said nothing for " + std::to_string(kSilenceMaxS) + " s, with " +
                   std::to_string(busy_) + " connections waiting; look at its log"};
    }
    progress_->Count(shared_->counters->requests);
  }
  return Done{};
}

Status ConnectionPool::Serve(uint32_t index, uint32_t events, RequestSource* source) {
  Connection& connection = connections_[index];
  if ((events & EPOLLOUT) != 0 && connection.busy()) {
    if (!connection.Send()) return Lost(index);
    if (connection.send_is_complete()) Watch(index, EPOLL_CTL_MOD, false);
  }
  if ((events & ~EPOLLOUT) == 0) return Done{};
  if (!connection.busy()) return Unasked(index);

  const uint64_t requests_before = shared_->counters->requests;
  const Connection::Received received = connection.Receive(read_buffer_);
  const uint64_t answered = shared_->counters->requests - requests_before;
  if (answered > 0) {
    latency_.Record(static_cast<uint64_t>(NowNs() - connection.begun_ns()), answered);
  }
  switch (received) {
    case Connection::Received::kMore:
      return Done{};
    case Connection::Received::kLost:
      return Lost(index);
    case Connection::Received::kBroken:
      return Error{"connection " + std::to_string(index + 1) +
                   ": not understood: " + shared_->faults->first};
    case Connection::Received::kDone:
      break;
  }
  --busy_;
  return Start(index < steady_ ? index : PickIdle(), source);
}

// A server that refuses a connection says why, if it says anything, before it closes.
Status ConnectionPool::Unasked(uint32_t index) {
  std::array<char, 200> text;
  const ssize_t received = ::recv(connections_[index].fd(), text.data(), text.size(), MSG_DONTWAIT);
  if (received <= 0) return Lost(index);
  std::string_view line(text.data(), static_cast<size_t>(received));
  line = line.substr(0, line.find_first_of("\r\n"));
  return Error{"the server said on connection " + std::to_string(index + 1) + " of " +
               std::to_string(size()) + ", unasked: " + std::string(line)};
}

Status ConnectionPool::Lost(uint32_t index) const {
  return Error{"the server closed connection " + std::to_string(index + 1) + " of " +
               std::to_string(size()) + " after " + std::to_string(shared_->counters->requests) +
               " replies; see whether it still runs and what it logged"};
}

}  // namespace rat_memcache::load
