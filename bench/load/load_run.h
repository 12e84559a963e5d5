// One run of the load generator, from the first connection to the report.
//
//   connect -> store every key -> open idle connections -> warm up -> MEASURE -> ask on each idle
//   one connect -> STORE EVERY KEY -> ask for a sample of them                         (fill until
//   full)
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "base/result.h"
#include "load/connection_pool.h"
#include "load/options.h"
#include "load/process_usage.h"
#include "load/progress.h"
#include "load/server_stats.h"

namespace rat_memcache::load {

class LoadRun {
 public:
  explicit LoadRun(const Options& options);

  // Once. An error ends the run where it stands.
  Status Run();

  const Faults& faults() const { return faults_; }
  // What was measured, as JSON. Only after Run() was ok.
  std::string Report() const;

 private:
  // Everything that is measured as a difference, at one moment.
  struct Moment {
    Counters counters;
    int64_t ns = 0;
    ProcessUsage client;
    ProcessUsage server;
    double machine_cpu_s = 0;
  };
  using Step = Status (LoadRun::*)();

  // Runs the steps in order, up to the first that fails.
  Status RunSteps(std::initializer_list<Step> steps);
  Status Connect();
  Status Prefill();
  Status StoreKeys();
  Status OpenIdle();
  Status WarmUp();
  Status BeginWindow();
  Status Measure();
  Status EndWindow();
  Status Drain();
  Status AskEachIdle();
  Status AskForSample();
  Status ReadStats();

  Result<Moment> TakeMoment() const;
  // Reads the server's memory as it is now.
  Status ReadRss(uint64_t* bytes) const;

  const Options options_;
  const Data data_;
  Counters counters_;
  Faults faults_;
  const ReplyParser::Shared shared_;
  Progress progress_;
  std::optional<Address> address_;
  ConnectionPool pool_;
  MixedRequests mix_;

  Moment begin_;
  Moment end_;
  uint64_t rss_before_idle_bytes_ = 0;  // before the idle connections were opened,
  uint64_t rss_idle_opened_bytes_ = 0;  // just after,
  uint64_t rss_idle_served_bytes_ = 0;  // and when each of them had been served
  uint64_t idle_served_ = 0;
  uint64_t sample_keys_ = 0;
  uint64_t sample_hits_ = 0;
  ServerStats stats_;
};

}  // namespace rat_memcache::load
