// Replays against a server that speaks memcached's text protocol, over one connection.
//
// A window of requests becomes one get of its distinct keys; what it missed is then set without a
// reply, in one write with the get of the next window. So a key that comes twice in a window counts
// as a hit the second time: it was there, or has just been set.
//
// Nothing can block for ever: a window is sent only after all replies to the one before have been
// read, sets have none, and the socket has a deadline for both directions.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "replay/target.h"

namespace rat_memcache::replay {

struct ServerOptions {
  std::string host;
  uint16_t port = 0;
  uint32_t window = 32;
  bool send_ttl = false;  // else nothing expires: a replay is much faster than its trace was
};

class ServerTarget : public Target {
 public:
  static Result<std::unique_ptr<Target>> Open(const ServerOptions& options);
  ~ServerTarget() override;

  Status Handle(const Request& request) override;
  Status Finish() override;
  void Report(load::JsonObject* report) const override;

 private:
  struct Wanted {
    std::string key;
    uint32_t value_size;
    uint32_t ttl;
  };

  ServerTarget(int fd, const ServerOptions& options) : fd_(fd), options_(options) {}

  Status SendWindow();
  Status Send();
  // The replies to a get of `window_`; appends sets for what is missing to `output_`.
  Status ReadHits();
  // A line without its end; good until the next read.
  Result<std::string_view> ReadLine();
  Result<std::string_view> ReadBytes(size_t size);
  Status ReadMore();
  void AppendSet(const Wanted& wanted);
  void CountError(std::string_view line);
  Status ReadStats();

  const int fd_;
  const ServerOptions options_;
  const ValueText values_;
  std::vector<Wanted> window_;  // distinct keys
  uint32_t windowed_ = 0;       // requests, with those that were repeated
  std::string output_;
  std::string input_;
  size_t taken_ = 0;  // of input_
  uint64_t reply_errors_ = 0;
  std::string first_error_;
  uint64_t items_ = 0;
  uint64_t evictions_ = 0;
};

}  // namespace rat_memcache::replay
