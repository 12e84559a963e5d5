// What the tests of commands share: a cache, an executor, and a client that hears what it is told.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "command/executor.h"
#include "protocol/parser.h"

namespace rat_memcache::command {

class ExecutorForTest : public ::testing::Test {
 protected:
  // As the server does, with the options that concern the cache.
  void Open(const config::ServerOptions& options = {}, size_t memory_max = size_t{1} << 30) {
    options_ = options;
    cache_ = std::move(cache::Cache::Open({.memory_limit = options.memory_limit,
                                           .memory_max = memory_max,
                                           .item_size_max = options.item_size_max,
                                           .threads = options.threads,
                                           .page_per_size_class = true,
                                           .eviction = options.eviction,
                                           .cas_enabled = options.cas_enabled},
                                          &clock_, options.ttl))
                 .value();
    uploads_.emplace(cache_.get(), &options_.streaming);
    tunables_.emplace(options);
    prefixes_.emplace(options.prefix_delimiter, options.detail_enabled);
    context_ = {
        .cache = cache_.get(),
        .options = &options_,
        .counters = &counters_,
        .log = &log_,
        .tunables = &*tunables_,
        .prefixes = &*prefixes_,
        .watch = &watch_,
        .uploads = &*uploads_,
        .connections = &connections_,
        .unix_at_zero = 1'700'000'000,
        .event_backend = "none",
        .bytes_without_cache = 1'000'000,
        .stop = [this](bool gracefully) { stopped_ = gracefully ? "graceful" : "at once"; }};
    executor_.emplace(&context_, counters_.Register());
  }

  // Sends bytes as one connection would, and returns the reply.
  std::string Talk(std::string_view bytes) {
    input_.append(bytes);
    GatherBuffer out;
    for (;;) {
      protocol::RequestBatch batch;
      parser_.RequireLogin(executor_->NeedsLogin(session_));
      const auto progress = parser_.Parse(input_, &batch);
      closed_ =
          executor_->Run(&batch, &session_, &out) == Executor::After::kClose || progress.close;
      while (session_.producer != nullptr) {
        if (!session_.producer->Produce(&out)) session_.producer.reset();
      }
      input_.erase(0, progress.consumed);
      if (closed_ || (progress.consumed == 0 && batch.empty())) break;
    }
    std::string reply;
    std::array<std::string_view, 8> parts;
    while (!out.empty()) {
      size_t bytes_seen = 0;
      const size_t filled = out.Peek(parts);
      for (size_t i = 0; i < filled; ++i) {
        reply += parts[i];
        bytes_seen += parts[i].size();
      }
      out.Consume(bytes_seen);
    }
    return reply;
  }
  // What follows is said over another connection.
  void Connect(protocol::Spoken spoken = protocol::Spoken::kEither) {
    session_ = {};
    parser_ = protocol::Parser(spoken);
    input_.clear();
    closed_ = false;
  }
  void Set(const std::string& key, size_t bytes, uint32_t exptime = 0) {
    ASSERT_EQ(Talk("set " + key + " 0 " + std::to_string(exptime) + " " + std::to_string(bytes) +
                   "\r\n" + std::string(bytes, 'v') + "\r\n"),
              "STORED\r\n");
  }
  // Name and value of each line of a stats command.
  std::map<std::string, std::string> StatsOf(const std::string& arguments) {
    const std::string reply = Talk("stats " + arguments + "\r\n");
    std::map<std::string, std::string> stats;
    std::string_view rest = reply;
    while (rest.starts_with("STAT ")) {
      const size_t end = rest.find("\r\n");
      const std::string_view line = rest.substr(5, end - 5);
      const size_t blank = line.find(' ');
      EXPECT_TRUE(stats.emplace(line.substr(0, blank), line.substr(blank + 1)).second)
          << "twice: " << line;
      rest.remove_prefix(end + 2);
    }
    EXPECT_EQ(rest, "END\r\n");
    return stats;
  }
  uint64_t StatOf(const std::string& arguments, const std::string& name) {
    const auto stats = StatsOf(arguments);
    EXPECT_TRUE(stats.contains(name)) << name;
    return stats.contains(name) ? std::stoull(stats.at(name)) : 0;
  }
  void Pass(uint32_t seconds) {
    for (uint32_t i = 0; i < seconds; ++i) {
      cache_->Tick(clock_.Now() + 1);
    }
  }

  CoarseClock clock_;
  config::ServerOptions options_;
  observe::CounterRegistry counters_;
  observe::Log log_;
  std::optional<Tunables> tunables_;
  std::optional<PrefixStats> prefixes_;
  observe::ConnectionList connections_;
  observe::WatchHub watch_{1 << 16};
  std::string stopped_;  // how the server was asked to end
  std::unique_ptr<cache::Cache> cache_;
  std::optional<UploadRegistry> uploads_;
  Context context_;
  std::optional<Executor> executor_;
  Session session_;
  protocol::Parser parser_;
  std::string input_;
  bool closed_ = false;  // by what was said last
};

}  // namespace rat_memcache::command
